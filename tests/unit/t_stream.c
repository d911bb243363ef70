// SPDX-License-Identifier: Apache-2.0
/*
 * The two ways of reading the target, on this process's own memory: whole spans through a window,
 * and words here and there through a cache. Pages that are absent are not touched; edges of mapped
 * memory are met.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/heap/reader.h"
#include "../../user/heap/stream.h"

#define PAGE 4096u
#define LENGTH (3 * STREAM_WINDOW)

struct world {
	struct remote mem;
	struct present *present; /* NULL where the kernel does not let us ask */
	uint8_t *memory;	 /* LENGTH bytes between two pages that cannot be read */
};

static uint64_t at(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int setup(void **state)
{
	static struct world w;
	uint8_t *all = mmap(NULL, LENGTH + 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(all != MAP_FAILED);
	munmap(all, PAGE);
	munmap(all + PAGE + LENGTH, PAGE);
	memset(&w, 0, sizeof(w));
	remote_init(&w.mem, getpid());
	if (present_open(&w.present, getpid()))
		w.present = NULL;
	w.memory = all + PAGE;
	/* no huge pages: what is not written stays absent */
	madvise(w.memory, LENGTH, MADV_NOHUGEPAGE);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	munmap(w->memory, LENGTH);
	present_close(w->present);
	return 0;
}

static void a_span_is_read_from_front_to_back(void **state)
{
	struct world *w = *state;
	struct span span = { .start = at(w->memory), .end = at(w->memory) + LENGTH };
	struct stream s;

	for (uint32_t i = 0; i < LENGTH; i += 8)
		memcpy(w->memory + i, &(uint64_t){ i * 3 + 1 }, 8);
	assert_int_equal(stream_init(&s, &w->mem, w->present), 0);
	assert_int_equal(stream_begin(&s, &span), 0);
	for (uint32_t i = 0; i + 1000 <= LENGTH; i += 1000) {
		const uint8_t *bytes = stream_at(&s, span.start + i, 1000);

		assert_non_null(bytes);
		assert_memory_equal(bytes, w->memory + i, 1000);
	}
	/* back again, and over the edge of a window */
	assert_memory_equal(stream_at(&s, span.start + 8, 16), w->memory + 8, 16);
	assert_memory_equal(stream_at(&s, span.start + STREAM_WINDOW - 8, 16),
			    w->memory + STREAM_WINDOW - 8, 16);
	assert_true(w->mem.calls < 40);
	stream_release(&s);
}

static void what_is_not_in_the_span_is_not_read(void **state)
{
	struct world *w = *state;
	struct span span = { .start = at(w->memory), .end = at(w->memory) + LENGTH };
	struct stream s;

	assert_int_equal(stream_init(&s, &w->mem, w->present), 0);
	assert_int_equal(stream_begin(&s, &span), 0);
	assert_non_null(stream_at(&s, span.end - 16, 16));
	assert_null(stream_at(&s, span.end - 16, 17));
	assert_null(stream_at(&s, span.end, 1));
	assert_null(stream_at(&s, UINT64_MAX - 4, 8));
	assert_null(stream_at(&s, span.start, STREAM_WINDOW / 2 + 1));
	assert_null(stream_at(&s, span.start, SIZE_MAX));
	stream_release(&s);
}

static void a_new_look_sees_what_changed(void **state)
{
	struct world *w = *state;
	struct span span = { .start = at(w->memory), .end = at(w->memory) + LENGTH };
	struct stream s;

	w->memory[100] = 1;
	assert_int_equal(stream_init(&s, &w->mem, w->present), 0);
	assert_int_equal(stream_begin(&s, &span), 0);
	assert_int_equal(*stream_at(&s, span.start + 100, 1), 1);
	w->memory[100] = 2;
	assert_int_equal(*stream_at(&s, span.start + 100, 1), 1);
	w->memory[PAGE + 100] = 2;
	assert_int_equal(*stream_again(&s, span.start + 100, 1), 2);
	assert_int_equal(*stream_at(&s, span.start + 100, 1), 2);
	assert_int_equal(*stream_at(&s, span.start + PAGE + 100, 1), 0);
	stream_release(&s);
}

static unsigned int pages_present(const struct world *w)
{
	unsigned char in[LENGTH / PAGE];
	unsigned int count = 0;

	assert_int_equal(mincore(w->memory, LENGTH, in), 0);
	for (unsigned int i = 0; i < LENGTH / PAGE; i++)
		count += in[i] & 1;
	return count;
}

static void absent_pages_read_as_zeros_and_stay_absent(void **state)
{
	struct world *w = *state;
	struct span span = { .start = at(w->memory), .end = at(w->memory) + LENGTH };
	uint8_t zero[PAGE] = { 0 }, copy[2 * PAGE];
	struct reader r;
	struct stream s;

	if (!w->present)
		skip();
	w->memory[5 * PAGE + 7] = 42;
	w->memory[LENGTH - 1] = 43;
	assert_int_equal(pages_present(w), 2);
	assert_int_equal(stream_init(&s, &w->mem, w->present), 0);
	assert_int_equal(stream_begin(&s, &span), 0);
	assert_int_equal(s.runs, 2);
	assert_memory_equal(stream_at(&s, span.start, PAGE), zero, PAGE);
	assert_int_equal(*stream_at(&s, span.start + 5 * PAGE + 7, 1), 42);
	assert_memory_equal(stream_at(&s, span.start + 6 * PAGE, PAGE), zero, PAGE);
	assert_int_equal(*stream_at(&s, span.end - 1, 1), 43);
	assert_memory_equal(stream_at(&s, span.start + LENGTH / 2, PAGE), zero, PAGE);
	stream_release(&s);

	assert_int_equal(reader_init(&r, &w->mem, w->present), 0);
	assert_true(reader_copy(&r, span.start + 5 * PAGE, copy, sizeof(copy)));
	assert_int_equal(copy[7], 42);
	assert_memory_equal(copy + PAGE, zero, PAGE);
	assert_false(reader_copy(&r, span.start + LENGTH / 2, copy, 8));
	reader_release(&r);
	assert_int_equal(pages_present(w), 2);
}

/* Lines of the cache are larger than pages, and a mapping begins and ends where it does. */
static void the_edges_of_mapped_memory_can_be_read(struct world *w, struct present *present)
{
	uint8_t copy[64];
	struct reader r;

	assert_int_equal(reader_init(&r, &w->mem, present), 0);
	memset(w->memory, 1, 64);
	memset(w->memory + LENGTH - 64, 2, 64);
	assert_true(reader_copy(&r, at(w->memory), copy, 64));
	assert_int_equal(copy[0] + copy[63], 2);
	assert_true(reader_copy(&r, at(w->memory) + LENGTH - 64, copy, 64));
	assert_int_equal(copy[0] + copy[63], 4);
	assert_int_equal(reader_word(&r, at(w->memory)), 0x0101010101010101);
	assert_true(reader_fresh(&r, at(w->memory) + LENGTH - 64, copy, 64));
	assert_false(reader_fresh(&r, at(w->memory) + LENGTH - 64, copy, 65));
	reader_release(&r);
}

static void edges_are_read_where_pages_are_known(void **state)
{
	struct world *w = *state;

	if (!w->present)
		skip();
	the_edges_of_mapped_memory_can_be_read(w, w->present);
}

static void edges_are_read_where_pages_are_not_known(void **state)
{
	the_edges_of_mapped_memory_can_be_read(*state, NULL);
}

static void addresses_that_cannot_be_are_refused(void **state)
{
	struct world *w = *state;
	uint8_t copy[64];
	struct reader r;

	assert_int_equal(reader_init(&r, &w->mem, NULL), 0);
	assert_false(reader_copy(&r, 0, copy, 8));
	assert_false(reader_copy(&r, UINT64_MAX - 4, copy, 8));
	assert_false(reader_copy(&r, REMOTE_ADDR_MAX - 4, copy, 8));
	assert_false(reader_copy(&r, 0xffff800000000000, copy, 8));
	assert_false(reader_fresh(&r, UINT64_MAX - 4, copy, 8));
	assert_false(reader_fresh(&r, 0, copy, 8));
	assert_int_equal(reader_word(&r, REMOTE_ADDR_MAX), 0);
	reader_release(&r);
	reader_release(&r);
}

static void the_cache_is_as_old_as_its_first_use(void **state)
{
	struct world *w = *state;
	uint64_t word = 1, fresh = 0;
	struct reader r;

	assert_int_equal(reader_init(&r, &w->mem, NULL), 0);
	memcpy(w->memory + LENGTH / 2, &word, 8);
	assert_int_equal(reader_word(&r, at(w->memory) + LENGTH / 2), 1);
	word = 2;
	memcpy(w->memory + LENGTH / 2, &word, 8);
	assert_int_equal(reader_word(&r, at(w->memory) + LENGTH / 2), 1);
	assert_true(reader_fresh(&r, at(w->memory) + LENGTH / 2, &fresh, 8));
	assert_int_equal(fresh, 2);
	assert_int_equal(reader_word(&r, at(w->memory) + LENGTH / 2), 2);
	word = 3;
	memcpy(w->memory + LENGTH / 2, &word, 8);
	reader_drop(&r);
	assert_int_equal(reader_word(&r, at(w->memory) + LENGTH / 2), 3);
	reader_release(&r);
}

#define WITH_MEMORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MEMORY(a_span_is_read_from_front_to_back),
		WITH_MEMORY(what_is_not_in_the_span_is_not_read),
		WITH_MEMORY(a_new_look_sees_what_changed),
		WITH_MEMORY(absent_pages_read_as_zeros_and_stay_absent),
		WITH_MEMORY(edges_are_read_where_pages_are_known),
		WITH_MEMORY(edges_are_read_where_pages_are_not_known),
		WITH_MEMORY(addresses_that_cannot_be_are_refused),
		WITH_MEMORY(the_cache_is_as_old_as_its_first_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
