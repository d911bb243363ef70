// SPDX-License-Identifier: Apache-2.0
/*
 * malloc's memory made of anything, walked twice. Input: u8, its lowest bit picks where; 256 bytes
 * of the main arena's malloc_state; then the memory, as a main heap or from a multiple of 64 MiB
 * on, where a thread's arena may lie.
 */
#include <stdint.h>
#include <string.h>

#include "fake_asserts.h"

#include "../unit/fake_heap.h"

#define STATE 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct blocks *b)
{
	for (size_t i = 1; i < b->extents; i++)
		if (b->extent[i].addr < b->extent[i - 1].addr + b->extent[i - 1].size)
			abort();
	for (uint32_t i = 0; i < b->count; i++)
		if (blocks_find(b, blocks_addr(b, i, NULL, NULL), NULL, NULL) != i)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_heap h;
	struct py_layout l;
	size_t room;

	if (size < 1 + STATE || py_layout_table(&l, 3, 11))
		return 0;
	fh_open(&h, &l);
	glibc_find(&h.heap.glibc, getpid(), &h.mem);
	h.heap.glibc.main_state = h.heap.glibc.shape ? h.fixed + FAKE_FIXED - 4096 : 0;
	memcpy((void *)(uintptr_t)(h.fixed + FAKE_FIXED - 4096), data + 1, STATE);
	room = data[0] & 1 ? FAKE_FIXED - 4096 : FAKE_BRK;
	if (size - 1 - STATE < room)
		room = size - 1 - STATE;
	memcpy((void *)(uintptr_t)(data[0] & 1 ? h.fixed : h.brk), data + 1 + STATE, room);
	h.heap.spans.span[0].kind = data[0] & 1 ? SPAN_ANON : SPAN_DATA;
	for (int i = 0; i < 2; i++) {
		fh_walk(&h, i);
		check(&h.heap.history.now);
	}
	fh_close(&h);
	return 0;
}
