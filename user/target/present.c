// SPDX-License-Identifier: Apache-2.0
#include "present.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGEMAP_ENTRIES 65536 /* of 8 bytes: one read(2) of half a MiB */
#define SCAN_REGIONS 4096     /* of 24 bytes: answers of one ioctl */

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_SWAPPED (1ULL << 62)

/* From include/uapi/linux/fs.h of Linux 6.7, for systems with older headers. */
struct scan_region {
	__u64 start, end, categories;
};

struct scan_request {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_request)
#define SCAN_PRESENT (1 << 3)
#define SCAN_SWAPPED (1 << 4)

struct present {
	int fd; /* /proc/PID/pagemap */
	uint64_t page;
	bool scan; /* PAGEMAP_SCAN works here */
	union {
		struct scan_region *region; /* SCAN_REGIONS */
		uint64_t *entry;	    /* PAGEMAP_ENTRIES */
		void *buf;
	};
};

/* A run that may still grow. */
struct run {
	uint64_t start, end;
	bool swapped;
	int (*fn)(void *arg, uint64_t start, uint64_t end, bool swapped);
	void *arg;
};

/* One scan of [@start, @end): regions found, or -errno. */
static int scan(struct present *p, uint64_t start, uint64_t end)
{
	struct scan_request request = {
		.size = sizeof(request),
		.start = start,
		.end = end,
		.vec = (uint64_t)(uintptr_t)p->region,
		.vec_len = SCAN_REGIONS,
		.category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
		.return_mask = SCAN_SWAPPED,
	};
	int n = ioctl(p->fd, SCAN_IOCTL, &request);

	return n < 0 ? -errno : n;
}

int present_open(struct present **out, pid_t pid)
{
	struct present *p = calloc(1, sizeof(*p));
	char path[48];
	int err;

	*out = NULL;
	if (!p)
		return -ENOMEM;
	p->page = (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0) {
		err = -errno;
		goto fail;
	}
	_Static_assert(SCAN_REGIONS * sizeof(*p->region) <= PAGEMAP_ENTRIES * sizeof(*p->entry),
		       "buf");
	p->buf = malloc(PAGEMAP_ENTRIES * sizeof(*p->entry));
	if (!p->buf) {
		err = -ENOMEM;
		goto fail;
	}
	p->scan = scan(p, p->page, 2 * p->page) >= 0;
	*out = p;
	return 0;
fail:
	present_close(p);
	return err;
}

void present_close(struct present *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	free(p->buf);
	free(p);
}

const char *present_method(const struct present *p)
{
	return p->scan ? "PAGEMAP_SCAN" : "pagemap";
}

static int run_flush(struct run *r)
{
	int result = r->end > r->start ? r->fn(r->arg, r->start, r->end, r->swapped) : 0;

	r->start = r->end = 0;
	return result;
}

static int run_add(struct run *r, uint64_t start, uint64_t end, bool swapped)
{
	int result = 0;

	if (r->end == start && r->end > r->start && r->swapped == swapped) {
		r->end = end;
		return 0;
	}
	result = run_flush(r);
	r->start = start;
	r->end = end;
	r->swapped = swapped;
	return result;
}

/*
 * The next scan begins where the last region ended, not at walk_end: a kernel that found more than
 * 512 regions and then came to the end leaves an old walk_end behind (do_pagemap_scan() in
 * fs/proc/task_mmu.c sets it only while it is 0; seen on 6.18).
 */
static int runs_by_scan(struct present *p, uint64_t start, uint64_t end, struct run *r)
{
	int n;

	do {
		n = start < end ? scan(p, start, end) : 0;
		for (int i = 0; i < n; i++) {
			const struct scan_region *s = &p->region[i];
			int result = run_add(r, s->start, s->end, s->categories & SCAN_SWAPPED);

			if (result)
				return result;
			start = s->end;
		}
	} while (n == SCAN_REGIONS);
	return n < 0 ? n : 0;
}

static int runs_by_pagemap(struct present *p, uint64_t start, uint64_t end, struct run *r)
{
	while (start < end) {
		uint64_t pages = (end - start) / p->page;
		ssize_t n;

		if (pages > PAGEMAP_ENTRIES)
			pages = PAGEMAP_ENTRIES;
		n = pread(p->fd, p->entry, pages * 8, (off_t)(start / p->page * 8));
		if (n < 0)
			return -errno;
		if (n < 8)
			return 0; /* above the highest user address */
		for (ssize_t i = 0; i < n / 8; i++, start += p->page) {
			uint64_t entry = p->entry[i];
			int result = 0;

			if (entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED))
				result = run_add(r, start, start + p->page,
						 !(entry & PAGEMAP_PRESENT));
			if (result)
				return result;
		}
	}
	return 0;
}

int present_runs(struct present *p, uint64_t start, uint64_t end,
		 int (*fn)(void *arg, uint64_t start, uint64_t end, bool swapped), void *arg)
{
	struct run r = { .fn = fn, .arg = arg };
	int result;

	start &= ~(p->page - 1);
	end = (end + p->page - 1) & ~(p->page - 1);
	result = p->scan ? runs_by_scan(p, start, end, &r) : runs_by_pagemap(p, start, end, &r);
	return result ? result : run_flush(&r);
}
