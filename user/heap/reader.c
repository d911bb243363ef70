// SPDX-License-Identifier: Apache-2.0
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u

int reader_init(struct reader *r, struct remote *mem, struct present *present)
{
	*r = (struct reader){ .mem = mem, .present = present };
	r->lines = mmap(NULL, (size_t)READER_LINE * READER_LINES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	r->tag = calloc(READER_LINES, sizeof(*r->tag));
	if (r->lines == MAP_FAILED || !r->tag) {
		reader_release(r);
		return -ENOMEM;
	}
	return 0;
}

void reader_release(struct reader *r)
{
	if (r->lines && r->lines != MAP_FAILED)
		munmap(r->lines, (size_t)READER_LINE * READER_LINES);
	free(r->tag);
	*r = (struct reader){ 0 };
}

void reader_drop(struct reader *r)
{
	memset(r->tag, 0, READER_LINES * sizeof(*r->tag));
}

struct fill {
	struct reader *r;
	uint8_t *line;
	uint64_t addr, done; /* filled up to there */
	bool any;
};

/* Read a part of the line, and make what was left out in front of it zeros. */
static bool fill_part(struct fill *f, uint64_t start, uint64_t end)
{
	if (remote_read(f->r->mem, start, f->line + (start - f->addr), end - start))
		return false;
	memset(f->line + (f->done - f->addr), 0, start - f->done);
	f->done = end;
	f->any = true;
	return true;
}

/* Page by page where a run cannot be read as a whole: mappings end within lines. */
static int fill_run(void *arg, uint64_t start, uint64_t end, bool swapped)
{
	struct fill *f = arg;

	if (swapped || fill_part(f, start, end))
		return 0;
	for (uint64_t at = start; at < end; at += PAGE)
		fill_part(f, at, at + PAGE);
	return 0;
}

static uint8_t *line_of(struct reader *r, uint64_t addr)
{
	uint64_t at = addr & ~(uint64_t)(READER_LINE - 1);
	size_t slot = (at / READER_LINE) % READER_LINES;
	struct fill f = { .r = r, .line = r->lines + slot * READER_LINE, .addr = at, .done = at };

	if (r->tag[slot] == at + 1)
		return f.line;
	r->tag[slot] = 0;
	if (r->present)
		present_runs(r->present, at, at + READER_LINE, fill_run, &f);
	else
		fill_run(&f, at, at + READER_LINE, false);
	if (!f.any)
		return NULL;
	memset(f.line + (f.done - at), 0, at + READER_LINE - f.done);
	r->tag[slot] = at + 1;
	return f.line;
}

bool reader_copy(struct reader *r, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	if (addr + len < addr || addr + len > REMOTE_ADDR_MAX)
		return false;
	while (len) {
		size_t in = addr & (READER_LINE - 1);
		size_t n = READER_LINE - in < len ? READER_LINE - in : len;
		const uint8_t *line = line_of(r, addr);

		if (!line)
			return false;
		memcpy(to, line + in, n);
		to += n;
		addr += n;
		len -= n;
	}
	return true;
}

bool reader_fresh(struct reader *r, uint64_t addr, void *buf, size_t len)
{
	uint64_t at = addr & ~(uint64_t)(READER_LINE - 1);
	size_t slot = (at / READER_LINE) % READER_LINES;

	if (addr + len < addr || remote_read(r->mem, addr, buf, len))
		return false;
	if (r->tag[slot] == at + 1 && addr + len <= at + READER_LINE)
		memcpy(r->lines + slot * READER_LINE + (addr - at), buf, len);
	return true;
}

uint64_t reader_word(struct reader *r, uint64_t addr)
{
	uint64_t w;

	return reader_copy(r, addr, &w, sizeof(w)) ? w : 0;
}
