// SPDX-License-Identifier: Apache-2.0
/*
 * glibc's chunks, arenas and lists of free chunks, well-formed and not, of each shape that they
 * have had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <gnu/libc-version.h>

#include "fake_heap.h"

#define ARENA (64ull << 20)
#define BELOW_ALL ((void *)0x10000000) /* mappings here come first in /proc/PID/maps */

/* Of each glibc: offsets in malloc_state, sizes of it and of heap_info, the tcache's bytes. */
static const struct version {
	int minor;
	uint32_t top, fastbins, state, heap_info, tcache, entries;
	bool counts; /* of each list of the tcache */
} versions[] = {
	{ 31, 0x60, 0x10, 0x898, 0x20, 0x280, 128, true },
	{ 36, 0x60, 0x10, 0x898, 0x30, 0x280, 128, true },
	{ 42, 0x60, 0x10, 0x898, 0x30, 0x2f0, 152, false },
	{ 43, 0x08, 0, 0x840, 0x30, 0x2f0, 152, false },
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

struct world {
	struct fake_heap h;
	const struct version *v;
	uint64_t state;	 /* malloc_state of the main arena */
	uint64_t tcache; /* a thread's, in the main heap */
};

static uint64_t linked(const struct world *w, uint64_t at, uint64_t next)
{
	return w->h.heap.glibc.minor >= 32 ? next ^ at >> 12 : next;
}

/* A file that says that it is the C library of that version, mapped while glibc_find() looks. */
static void pretend(struct world *w)
{
	char dir[64], path[80], text[128];
	void *map;
	FILE *f;

	snprintf(dir, sizeof(dir), "/tmp/t_glibc.%d", (int)getpid());
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/libc.so.6", dir);
	snprintf(text, sizeof(text), "GNU C Library (here) stable release version 2.%d.\n",
		 w->v->minor);
	f = fopen(path, "w+");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fflush(f) == 0);
	map = mmap(BELOW_ALL, 4096, PROT_READ, MAP_PRIVATE, fileno(f), 0);
	assert_true(map != MAP_FAILED);
	glibc_find(&w->h.heap.glibc, getpid(), &w->h.mem);
	munmap(map, 4096);
	fclose(f);
	unlink(path);
	rmdir(dir);
	assert_int_equal(w->h.heap.glibc.minor, w->v->minor);
	assert_non_null(w->h.heap.glibc.shape);
}

static void open_world(struct world *w, const struct version *v)
{
	struct py_layout l;

	assert_int_equal(py_layout_table(&l, 3, 11), 0);
	fh_open(&w->h, &l);
	w->v = v;
	pretend(w);
	w->state = fh_fixed(&w->h, v->state);
	w->h.heap.glibc.main_state = w->state;
	w->tcache = fh_chunk_alloc(&w->h, v->tcache);
}

static void for_every_version(void (*check)(struct world *w))
{
	for (size_t i = 0; i < VERSIONS; i++) {
		struct world w;

		open_world(&w, &versions[i]);
		check(&w);
		fh_close(&w.h);
	}
}

static void fill_top(const struct world *w)
{
	fh_put(w->state + w->v->top, w->h.brk + w->h.brk_used);
}

static bool is_live(const struct world *w, uint64_t user)
{
	uint32_t block = fh_block(&w->h, user);

	return block != BLOCK_NONE && w->h.heap.history.now.print[block];
}

static void the_running_version_is_found(void **state)
{
	struct remote mem;
	struct glibc g;

	(void)state;
	remote_init(&mem, getpid());
	glibc_find(&g, getpid(), &mem);
	assert_int_equal(g.minor, strtol(strchr(gnu_get_libc_version(), '.') + 1, NULL, 10));
	assert_true(strncmp(g.libc, "libc", 4) == 0);
	glibc_find(&g, 0x7ffffff0, &mem); /* no such process */
	assert_int_equal(g.minor, 0);
	assert_null(g.shape);
}

static void check_chunks(struct world *w)
{
	const struct walk_parts *parts;
	const struct blocks *now;
	uint64_t user[10];

	for (int i = 0; i < 10; i++)
		user[i] = fh_chunk_alloc(&w->h, 40 + 100 * (uint64_t)i);
	fh_put(user[4] - 8, fh_get(user[4] - 8) & ~1ull); /* the third is free: its own word */
	fh_put(user[7] - 8, fh_get(user[7] - 8) | 4);
	fill_top(w);
	fh_walk(&w->h, 0);
	now = &w->h.heap.history.now;
	assert_int_equal(now->chunk_blocks, 9 + 2); /* the tcache, keys of sys.modules */
	parts = &w->h.heap.history.total[0].parts;
	assert_int_equal(parts->chunk_live, now->chunk_bytes + 8 * now->chunk_blocks);
	assert_true(parts->chunk_free >= (fh_get(user[3] - 8) & ~7ull));
	assert_false(is_live(w, user[3]));
	assert_true(is_live(w, user[4]) && is_live(w, user[7]) && is_live(w, user[9]));
	assert_int_equal(w->h.heap.history.torn_chunks, 0);
}

static void chunks_are_live_or_free(void **state)
{
	(void)state;
	for_every_version(check_chunks);
}

static void check_free_lists(struct world *w)
{
	uint64_t user[10];

	for (int i = 0; i < 10; i++)
		user[i] = fh_chunk_alloc(&w->h, 24);
	/* two in a fastbin, which holds chunks; three in the tcache, which holds what was freed */
	if (w->v->fastbins)
		fh_put(w->state + w->v->fastbins, user[1] - 16);
	fh_put(user[1], linked(w, user[1], user[2] - 16));
	fh_put(user[2], linked(w, user[2], 0));
	fh_put(w->tcache, 3);
	fh_put(w->tcache + w->v->entries, user[5]);
	fh_put(user[5], linked(w, user[5], user[6]));
	fh_put(user[6], linked(w, user[6], user[7]));
	fh_put(user[7], linked(w, user[7], 0));
	fill_top(w);
	fh_walk(&w->h, 0);
	for (int i = 0; i < 10; i++) {
		bool on_list = (w->v->fastbins && (i == 1 || i == 2)) || (i >= 5 && i <= 7);

		assert_int_equal(is_live(w, user[i]), !on_list);
	}
}

static void chunks_on_free_lists_are_free(void **state)
{
	(void)state;
	for_every_version(check_free_lists);
}

/* Sizes in the middle of a heap: the walk ends there, counted, and what lies before is known. */
static void sizes_that_cannot_be_end_the_heap(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 8, 16, 31, 40, 1ull << 20, 1ull << 46, 1ull << 63,
					  UINT64_MAX, UINT64_MAX - 15 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t first, broken;
		struct world w;

		open_world(&w, &versions[i % VERSIONS]);
		first = fh_chunk_alloc(&w.h, 100);
		broken = fh_chunk_alloc(&w.h, 100);
		fh_chunk_alloc(&w.h, 100);
		fill_top(&w);
		fh_put(broken - 8, sizes[i] | 1);
		fh_walk(&w.h, 0);
		assert_int_equal(w.h.heap.history.torn_chunks, 1);
		assert_true(is_live(&w, first));
		assert_false(is_live(&w, broken));
		fh_close(&w.h);
	}
}

/* Every chunk says that it is a thread's tcache, and every list in it leads round and round. */
static void check_endless_lists(struct world *w)
{
	uint64_t last = 0, user;

	user = fh_chunk_alloc(&w->h, 24);
	fh_put(user, linked(w, user, user));
	for (int i = 0; i < 10 && w->v->fastbins; i++)
		fh_put(w->state + w->v->fastbins + 8 * (uint32_t)i, user - 16);
	while (w->h.brk_used + 4096 < FAKE_BRK) {
		last = fh_chunk_alloc(&w->h, w->v->tcache);
		for (uint32_t bin = 0; bin < 64; bin++) {
			*(uint16_t *)(uintptr_t)(last + 2ull * bin) = 127;
			fh_put(last + w->v->entries + 8ull * bin, user);
		}
	}
	fill_top(w);
	fh_walk(&w->h, 0);
	assert_true(w->h.mem.calls < 3000000);
	assert_true(is_live(w, last));
}

static void lists_without_an_end_cost_little(void **state)
{
	(void)state;
	for_every_version(check_endless_lists);
}

static void lists_that_lead_away_are_left(void **state)
{
	static const uint64_t away[] = { 8, 0x7000000000f0, UINT64_MAX, 1ull << 60,
					 0xffff800000000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(away) / sizeof(away[0]); i++) {
		struct world w;

		open_world(&w, &versions[i % VERSIONS]);
		if (w.v->fastbins)
			fh_put(w.state + w.v->fastbins, away[i]);
		fh_put(w.tcache, 1);
		fh_put(w.tcache + w.v->entries, away[i]);
		fill_top(&w);
		fh_walk(&w.h, 0);
		assert_true(is_live(&w, w.tcache));
		fh_close(&w.h);
	}
}

/* A chunk with a mapping of its own, in front of pools. */
static void check_mapped(struct world *w)
{
	static const uint64_t wrong[] = { 0, 2, 4096 | 2, 65536, 65536 | 3, 65536 | 6, 65552 | 2,
					  1ull << 46 | 2, UINT64_MAX & ~13ull };
	uint64_t pool_size, chunk;

	pool_size = w->h.rt.layout.facts.pool_size;
	w->h.pools_used = (w->h.pools_used + pool_size - 1) / pool_size * pool_size;
	chunk = w->h.pools + w->h.pools_used;
	w->h.pools_used += 1 << 17;
	fh_put(chunk + 8, 1 << 17 | 2);
	fill_top(w);
	fh_walk(&w->h, 0);
	assert_true(is_live(w, chunk + 16));
	assert_int_equal(w->h.heap.history.now.chunk_blocks, 3);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]) && i < WALKS_MAX - 1; i++) {
		fh_put(chunk + 8, wrong[i]);
		fh_walk(&w->h, 1 + (double)i);
		assert_false(is_live(w, chunk + 16));
	}
}

static void mapped_chunks_are_found(void **state)
{
	(void)state;
	for_every_version(check_mapped);
}

static uint64_t map_arena(struct world *w, uint64_t *all)
{
	*all = (uint64_t)(uintptr_t)mmap(NULL, 2 * ARENA, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(*all != (uint64_t)(uintptr_t)MAP_FAILED);
	/* the spans: this arena alone */
	w->h.heap.spans.span[0] = (struct span){ .start = (*all + ARENA - 1) & ~(ARENA - 1),
						 .end = ((*all + ARENA - 1) & ~(ARENA - 1)) +
							(1 << 20),
						 .kind = SPAN_ANON };
	w->h.heap.spans.count = 1;
	return w->h.heap.spans.span[0].start;
}

/* heap_info, malloc_state, three chunks, top. The address of the second chunk. */
static uint64_t make_arena(const struct world *w, uint64_t arena)
{
	uint64_t state = arena + w->v->heap_info;
	uint64_t first = (state + w->v->state + 15) & ~15ull;

	fh_put(arena, state);
	fh_put(arena + 16, 135168);
	fh_put(arena + 24, 135168);
	for (uint64_t i = 0; i < 3; i++)
		fh_put(first + 64 * i + 8, 64 | 5);
	fh_put(first + 192 + 8, (135168 - (first + 192 - arena)) | 1);
	fh_put(state + w->v->top, first + 192);
	return first + 64;
}

static void thread_arenas_are_walked(void **state)
{
	static const struct {
		uint32_t offset;
		uint64_t value;
	} wrong[] = {
		{ 0, 0 },	   { 0, 0x7000000000f8 }, { 16, 0 },	     { 16, 135169 },
		{ 16, ARENA * 2 }, { 16, UINT64_MAX },	  { 24, 4096 },	     { 24, UINT64_MAX },
		{ 16, ARENA },
	};
	uint64_t all, arena, chunk;
	struct world w;

	(void)state;
	for (size_t k = 0; k < VERSIONS * (1 + sizeof(wrong) / sizeof(wrong[0])); k++) {
		size_t i = k / VERSIONS;

		open_world(&w, &versions[k % VERSIONS]);
		arena = map_arena(&w, &all);
		chunk = make_arena(&w, arena);
		if (i)
			fh_put(arena + wrong[i - 1].offset, wrong[i - 1].value);
		fh_walk(&w.h, 0);
		assert_int_equal(w.h.heap.history.now.chunk_blocks, i ? 0 : 3);
		assert_int_equal(is_live(&w, chunk + 16), !i);
		munmap((void *)(uintptr_t)all, 2 * ARENA);
		fh_close(&w.h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_running_version_is_found),
		cmocka_unit_test(chunks_are_live_or_free),
		cmocka_unit_test(chunks_on_free_lists_are_free),
		cmocka_unit_test(sizes_that_cannot_be_end_the_heap),
		cmocka_unit_test(lists_without_an_end_cost_little),
		cmocka_unit_test(lists_that_lead_away_are_left),
		cmocka_unit_test(mapped_chunks_are_found),
		cmocka_unit_test(thread_arenas_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
