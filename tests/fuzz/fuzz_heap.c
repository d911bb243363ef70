// SPDX-License-Identifier: Apache-2.0
/*
 * A heap that changes (changed_heap.h) searched, its holders found and their paths written: it
 * ends, and in little time.
 */
#include "changed_heap.h"

#include "../../user/util/clock.h"

#define WALKS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_paths(struct fake_heap *h)
{
	const struct holders *found = &h->heap.holders;

	for (size_t i = 0; i < found->count; i++)
		if (!memchr(found->holder[i].path, '\0', sizeof(found->holder[i].path)) ||
		    found->holder[i].words > HOLDER_WORDS)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t names, began = clock_ns();
	struct fake_heap h;
	struct py_layout l;

	if (!changed_layout(&l, data, size))
		return 0;
	fh_open(&h, &l);
	populate(&h);
	names = h.modules;
	for (int walk = 0; walk < WALKS; walk++) {
		change_heap(&h, data, size, walk, WALKS);
		fh_walk(&h, walk);
	}
	fh_put(names + l.ob_refcnt, 1);
	h.heap.reach.spans_read_ns = clock_ns(); /* the map of this process is none of the heap's */
	if (!reach_run(&h.heap.reach) && !holders_find(&h.heap.holders, &h.heap.reach))
		write_paths(&h);
	fh_close(&h);
	if (clock_ns() - began > 5000000000ull)
		abort();
	return 0;
}
