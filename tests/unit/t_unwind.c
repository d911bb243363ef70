// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's stack walker, compiled natively: on frames laid out as each CPython lays them out,
 * and on memory that lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../bpf/unwind.bpf.h"
#include "../../user/cpython/layout.h"

#define BASE 0x7f0000000000ULL
#define SIZE 0x10000
#define STATE (BASE + 0x100)
#define CFRAME (BASE + 0x400)
#define FRAMES (BASE + 0x800)
#define STRIDE 0x70 /* between the frames of a chain; larger than any header that is read */

struct stack {
	struct py_frame_ref frame[PY_MAX_FRAMES];
	uint32_t depth;
};

/* The target's memory: one mapping. read_target() has no argument to carry it. */
static uint8_t memory[SIZE];
static unsigned reads;

bool read_target(void *into, __u32 size, __u64 address)
{
	reads++;
	if (address < BASE || address - BASE > SIZE || size > SIZE - (address - BASE)) {
		memset(into, 0, size);
		return false;
	}
	memcpy(into, memory + (address - BASE), size);
	return true;
}

static void put(uint64_t address, uint64_t value, size_t size)
{
	assert_true(address >= BASE && address + size <= BASE + SIZE);
	memcpy(memory + (address - BASE), &value, size);
}

/* What the walker is told of 3.@minor, from the generated table. */
static struct py_unwind layout_of(int minor)
{
	struct py_unwind u = { 0 };
	struct py_layout l;

	assert_int_equal(py_layout_table(&l, 3, minor), 0);
	u.has_cframe = minor == 11 || minor == 12;
	u.ts_frame = u.has_cframe ? l.ts_cframe : l.ts_frame;
	u.cf_current_frame = u.has_cframe ? l.cf_current_frame : 0;
	u.fr_code = l.fr_code;
	u.fr_previous = l.fr_previous;
	u.fr_instr = l.fr_instr;
	u.fr_owner = py_has(l.fr_owner) ? l.fr_owner : 0;
	u.instr_is_int = minor < 11;
	u.skip_owner_min = l.facts.skip_owner_min;
	memset(memory, 0, sizeof(memory));
	return u;
}

static void set_first(const struct py_unwind *u, uint64_t frame)
{
	if (u->has_cframe) {
		put(STATE + u->ts_frame, CFRAME, 8);
		put(CFRAME + u->cf_current_frame, frame, 8);
	} else {
		put(STATE + u->ts_frame, frame, 8);
	}
}

/* Owner 0 is an ordinary function's frame in every version that has owners. */
static void set_frame(const struct py_unwind *u, uint64_t at, uint64_t code, uint64_t instr,
		      uint64_t previous, uint8_t owner)
{
	put(at + u->fr_code, code, 8);
	put(at + u->fr_previous, previous, 8);
	put(at + u->fr_instr, instr, u->instr_is_int ? 4 : 8);
	if (u->skip_owner_min != PY_ABSENT)
		put(at + u->fr_owner, owner, 1);
}

static uint64_t frame_at(unsigned index)
{
	return FRAMES + (uint64_t)index * STRIDE;
}

/* A chain of @count frames whose code objects are 0x1000, 0x1010, ... */
static void set_chain(const struct py_unwind *u, unsigned count, uint8_t owner)
{
	set_first(u, frame_at(0));
	for (unsigned i = 0; i < count; i++)
		set_frame(u, frame_at(i), 0x1000 + 16 * i, 0x2000 + i,
			  i + 1 < count ? frame_at(i + 1) : 0, owner);
}

static enum unwound walk(const struct py_unwind *u, struct stack *out)
{
	memset(out, 0xee, sizeof(*out));
	return unwind(u, STATE, out->frame, &out->depth);
}

static void assert_frame(const struct stack *s, unsigned index, uint64_t code, uint64_t instr)
{
	assert_true(index < s->depth);
	assert_int_equal(s->frame[index].code, code);
	assert_int_equal(s->frame[index].instr, instr);
}

/* unwind_hash() is the hash of what unwind() fills in, where it fills all in. */
static void assert_hash(const struct py_unwind *u, const struct stack *s)
{
	__u64 hash = 7, expected = 7;
	struct py_window window;
	__u32 depth;

	memset(&window, 0xee, sizeof(window));
	unwind_hash(u, STATE, &window, PY_MAX_FRAMES, &depth, &hash);
	assert_int_equal(depth, s->depth);
	for (uint32_t i = 0; i < s->depth; i++) {
		expected = (expected ^ s->frame[i].code) * 0xff51afd7ed558ccdULL;
		expected = (expected ^ s->frame[i].instr ^ expected >> 29) * 0xc4ceb9fe1a85ec53ULL;
		expected ^= expected >> 32;
	}
	assert_int_equal(hash, expected);
}

static void hashes_the_same_frames(void **state)
{
	(void)state;
	for (int minor = 8; minor <= 15; minor++) {
		struct py_unwind u = layout_of(minor);
		uint64_t last = BASE + SIZE - unwind_header_size(&u);
		struct stack s;

		for (unsigned count = 1; count < PY_MAX_FRAMES; count += 7) {
			set_chain(&u, count, 0);
			walk(&u, &s);
			assert_hash(&u, &s);
		}
		set_frame(&u, last, 0x1000, 0x2000, frame_at(3), 0);
		set_first(&u, last); /* its header ends where the mapping ends */
		walk(&u, &s);
		assert_hash(&u, &s);
		set_first(&u, last + 8);
		walk(&u, &s);
		assert_hash(&u, &s);
	}
}

/* As calls lie on 3.11 and later: each frame behind its caller's. */
static void reads_several_frames_at_once(void **state)
{
	struct py_unwind u = layout_of(13);
	struct stack s;

	(void)state;
	set_first(&u, frame_at(63));
	for (unsigned i = 0; i < 64; i++)
		set_frame(&u, frame_at(i), 0x1000 + i, 0x2000, i ? frame_at(i - 1) : 0, 0);
	walk(&u, &s);
	assert_int_equal(s.depth, 64);
	reads = 0;
	assert_hash(&u, &s);
	assert_true(reads <= 1 + 64 * STRIDE / PY_WINDOW + 1);
}

static void walks_every_version(void **state)
{
	(void)state;
	for (int minor = 8; minor <= 15; minor++) {
		struct py_unwind u = layout_of(minor);
		struct stack s;

		set_chain(&u, 3, 0);
		assert_int_equal(walk(&u, &s), UNWOUND);
		assert_int_equal(s.depth, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_frame(&s, i, 0x1000 + 16 * i, 0x2000 + i);
	}
}

static void keeps_the_sign_of_lasti(void **state)
{
	struct py_unwind u = layout_of(8);
	struct stack s;

	(void)state;
	set_first(&u, frame_at(0));
	set_frame(&u, frame_at(0), 0x1000, 0xffffffff, 0, 0);
	put(frame_at(0) + u.fr_instr + 4, 0x55555555, 4); /* f_lineno: no part of it */
	assert_int_equal(walk(&u, &s), UNWOUND);
	assert_frame(&s, 0, 0x1000, (uint64_t)-1);
}

static void skips_shims(void **state)
{
	static const int versions[] = { 12, 13, 14, 15 };

	(void)state;
	for (unsigned v = 0; v < 4; v++) {
		struct py_unwind u = layout_of(versions[v]);
		struct stack s;

		set_chain(&u, 4, 0);
		put(frame_at(1) + u.fr_owner, u.skip_owner_min, 1);
		put(frame_at(3) + u.fr_owner, 0xff, 1);
		assert_int_equal(walk(&u, &s), UNWOUND);
		assert_int_equal(s.depth, 2);
		assert_frame(&s, 0, 0x1000, 0x2000);
		assert_frame(&s, 1, 0x1020, 0x2002);
	}
}

static void ignores_owner_before_3_12(void **state)
{
	struct py_unwind u = layout_of(11);
	struct stack s;

	(void)state;
	set_chain(&u, 2, 0xff);
	assert_int_equal(walk(&u, &s), UNWOUND);
	assert_int_equal(s.depth, 2);
}

static void strips_tags(void **state)
{
	struct py_unwind u = layout_of(14);
	struct stack s;

	(void)state;
	set_chain(&u, 1, 0);
	put(frame_at(0) + u.fr_code, 0x1000 | 1, 8);
	assert_int_equal(walk(&u, &s), UNWOUND);
	assert_frame(&s, 0, 0x1000, 0x2000);
}

/* The last frame of a stack chunk: its header ends where the mapping ends. */
static void reads_no_byte_too_many(void **state)
{
	(void)state;
	for (int minor = 8; minor <= 15; minor++) {
		struct py_unwind u = layout_of(minor);
		uint64_t last = BASE + SIZE - unwind_header_size(&u);
		struct stack s;

		set_first(&u, last);
		set_frame(&u, last, 0x1000, 0x2000, 0, 0);
		assert_int_equal(walk(&u, &s), UNWOUND);
		assert_frame(&s, 0, 0x1000, 0x2000);
		set_first(&u, last + 1);
		assert_int_equal(walk(&u, &s), UNWOUND_BAD);
		assert_int_equal(s.depth, 0);
	}
}

static void no_frame_is_an_empty_stack(void **state)
{
	struct py_unwind u = layout_of(13), with_cframe;
	struct stack s;

	(void)state;
	assert_int_equal(walk(&u, &s), UNWOUND);
	assert_int_equal(s.depth, 0);
	with_cframe = layout_of(11);
	assert_int_equal(walk(&with_cframe, &s), UNWOUND);
	assert_int_equal(s.depth, 0);
}

static void bad_pointers_end_the_walk(void **state)
{
	static const uint64_t bad[] = {
		1, 8, BASE - 64, BASE + SIZE, BASE + SIZE - 1, 1ULL << 63, UINT64_MAX
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct py_unwind u = layout_of(11);
		struct stack s;

		set_chain(&u, 2, 0);
		put(frame_at(1) + u.fr_previous, bad[i], 8);
		assert_int_equal(walk(&u, &s), UNWOUND_BAD);
		assert_int_equal(s.depth, 2);
		set_first(&u, bad[i]);
		assert_int_equal(walk(&u, &s), UNWOUND_BAD);
		assert_int_equal(s.depth, 0);
		put(STATE + u.ts_frame, bad[i], 8);
		assert_int_equal(walk(&u, &s), UNWOUND_BAD);
		assert_int_equal(s.depth, 0);
		assert_int_equal(unwind(&u, BASE + SIZE, s.frame, &s.depth), UNWOUND_BAD);
		assert_int_equal(s.depth, 0);
	}
}

static void cycles_end(void **state)
{
	struct py_unwind u = layout_of(13);
	struct stack s;

	(void)state;
	set_chain(&u, 2, 0);
	put(frame_at(1) + u.fr_previous, frame_at(1), 8);
	assert_int_equal(walk(&u, &s), UNWOUND_BAD);
	assert_int_equal(s.depth, 1);
	put(frame_at(1) + u.fr_previous, frame_at(0), 8);
	assert_int_equal(walk(&u, &s), UNWOUND_CUT);
	assert_int_equal(s.depth, PY_MAX_FRAMES);
	put(frame_at(0) + u.fr_owner, 0xff, 1);
	put(frame_at(1) + u.fr_owner, 0xff, 1);
	assert_int_equal(walk(&u, &s), UNWOUND_CUT);
	assert_int_equal(s.depth, 0);
}

static void depth_is_bounded(void **state)
{
	struct py_unwind u = layout_of(13);
	struct stack s;

	(void)state;
	set_chain(&u, PY_MAX_FRAMES, 0);
	assert_int_equal(walk(&u, &s), UNWOUND);
	assert_int_equal(s.depth, PY_MAX_FRAMES);
	set_chain(&u, PY_MAX_FRAMES + 1, 0);
	assert_int_equal(walk(&u, &s), UNWOUND_CUT);
	assert_int_equal(s.depth, PY_MAX_FRAMES);
	assert_frame(&s, PY_MAX_FRAMES - 1, 0x1000 + 16 * (PY_MAX_FRAMES - 1),
		     0x2000 + PY_MAX_FRAMES - 1);
	set_chain(&u, UNWIND_VISITS, 0xff);
	assert_int_equal(walk(&u, &s), UNWOUND);
	set_chain(&u, UNWIND_VISITS + 1, 0xff);
	assert_int_equal(walk(&u, &s), UNWOUND_CUT);
}

/* A frame field beyond PY_FRAME_HEADER is refused, not read. */
static void layouts_are_bounded(void **state)
{
	struct py_unwind u = layout_of(13);
	struct stack s;

	(void)state;
	set_chain(&u, 1, 0);
	u.fr_code = PY_FRAME_HEADER - 7;
	assert_int_equal(walk(&u, &s), UNWOUND_BAD);
	assert_int_equal(s.depth, 0);
}

/* Words that are mostly pointers into the same memory, at random: the sanitizers watch. */
static void random_memory_is_harmless(void **state)
{
	unsigned seed = 1, ends[3] = { 0 };

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct py_unwind u = layout_of(8 + round % 8);
		struct stack s;

		for (uint64_t at = 0; at < SIZE; at += 8) {
			uint64_t word = rand_r(&seed);

			put(BASE + at,
			    word % 256 ? BASE + ((word >> 8) % (SIZE + 64) & ~7ULL) : word, 8);
		}
		ends[walk(&u, &s)]++;
		assert_true(s.depth <= PY_MAX_FRAMES);
		assert_hash(&u, &s);
	}
	assert_true(ends[UNWOUND_BAD] > 0 && ends[UNWOUND_CUT] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_every_version),
		cmocka_unit_test(hashes_the_same_frames),
		cmocka_unit_test(reads_several_frames_at_once),
		cmocka_unit_test(keeps_the_sign_of_lasti),
		cmocka_unit_test(skips_shims),
		cmocka_unit_test(ignores_owner_before_3_12),
		cmocka_unit_test(strips_tags),
		cmocka_unit_test(reads_no_byte_too_many),
		cmocka_unit_test(no_frame_is_an_empty_stack),
		cmocka_unit_test(bad_pointers_end_the_walk),
		cmocka_unit_test(cycles_end),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(layouts_are_bounded),
		cmocka_unit_test(random_memory_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
