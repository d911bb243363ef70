// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

#define PAGE 4096u

int stream_init(struct stream *s, struct remote *mem, struct present *present)
{
	*s = (struct stream){ .mem = mem, .present = present };
	s->window = malloc(STREAM_WINDOW);
	return s->window ? 0 : -ENOMEM;
}

void stream_release(struct stream *s)
{
	free(s->window);
	free(s->run);
	*s = (struct stream){ 0 };
}

static int add_run(void *arg, uint64_t start, uint64_t end, bool swapped)
{
	struct stream *s = arg;

	if (swapped) {
		s->swapped_bytes += end - start;
		return 0;
	}
	if (grow(&s->run, &s->run_cap, s->runs + 1, sizeof(*s->run)))
		return -ENOMEM;
	s->run[s->runs++] = (struct run){ start, end };
	return 0;
}

int stream_begin(struct stream *s, const struct span *span)
{
	s->runs = 0;
	s->start = s->end = 0;
	s->limit = span->end;
	if (!s->present)
		return add_run(s, span->start, span->end, false);
	return present_runs(s->present, span->start, span->end, add_run, s);
}

/* The first run that ends behind @addr; s->runs where there is none. */
static size_t run_behind(const struct stream *s, uint64_t addr)
{
	size_t lo = 0, hi = s->runs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->run[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Read [@at, @end) of the window, whole pages; what is not present becomes zeros. */
static void fill(struct stream *s, uint64_t at, uint64_t end)
{
	for (size_t i = run_behind(s, at); at < end; i++) {
		uint64_t from = i < s->runs ? s->run[i].start : end,
			 to = i < s->runs ? s->run[i].end : end;
		ssize_t got;

		from = from < at ? at : from > end ? end : from;
		to = to > end ? end : to;
		memset(s->window + (at - s->start), 0, from - at);
		if (from < to) {
			got = remote_read_some(s->mem, from, s->window + (from - s->start),
					       to - from);
			if (got < 0)
				got = 0;
			memset(s->window + (from - s->start) + got, 0, to - from - (size_t)got);
		}
		at = to > from ? to : from;
	}
}

static void load(struct stream *s, uint64_t addr)
{
	s->start = addr & ~(uint64_t)(PAGE - 1);
	s->end = s->start + STREAM_WINDOW < s->limit ? s->start + STREAM_WINDOW : s->limit;
	fill(s, s->start, s->end);
}

const uint8_t *stream_at(struct stream *s, uint64_t addr, size_t len)
{
	if (len > STREAM_WINDOW / 2 || addr + len < addr || addr + len > s->limit)
		return NULL;
	if (addr < s->start || addr + len > s->end)
		load(s, addr);
	return s->window + (addr - s->start);
}

const uint8_t *stream_again(struct stream *s, uint64_t addr, size_t len)
{
	const uint8_t *bytes = stream_at(s, addr, len);
	uint64_t from = addr & ~(uint64_t)(PAGE - 1),
		 to = (addr + len + PAGE - 1) & ~(uint64_t)(PAGE - 1);

	if (bytes)
		fill(s, from, to < s->end ? to : s->end);
	return bytes;
}

uint64_t stream_present(const struct stream *s, uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (size_t i = run_behind(s, from); i < s->runs && s->run[i].start < to; i++)
		sum += (s->run[i].end < to ? s->run[i].end : to) -
		       (s->run[i].start > from ? s->run[i].start : from);
	return sum;
}
