// SPDX-License-Identifier: Apache-2.0
/*
 * Snapshots unwound and merged: this thread's own, and stacks made by hand from functions whose
 * frames are known, some of which lie.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/symbolize/native.h"
#include "../../user/symbolize/unwind.h"
#include "../../user/util/strbuf.h"
#include "fake_python.h"

#define NOINLINE __attribute__((noinline, noclone))

/*
 * Functions that never run. A plain one has a frame of just its return address, so a stack of them
 * is an array of return addresses. Those from python_begin to python_end play CPython.
 */
#define PLAIN(name) #name ": .cfi_startproc\n nop\n nop\n nop\n nop\n .cfi_endproc\n"
#define FUNCTION(name) ".type " #name ", @function\n.size " #name ", 4\n"
__asm__(".text\n"
	".globl python_begin, python_end, _PyEval_EvalFrameDefault\n" PLAIN(outer) PLAIN(extension)
		PLAIN(allocator)
	/* A frame that begins where it ends, so that its caller is itself. */
	"looping: .cfi_startproc\n .cfi_def_cfa %rsp, 0\n .cfi_offset rip, 0\n nop\n nop\n"
	".cfi_endproc\n"
	"backward: .cfi_startproc\n .cfi_def_cfa %rsp, -64\n nop\n nop\n .cfi_endproc\n"
	"first: .cfi_startproc\n .cfi_undefined rip\n nop\n nop\n .cfi_endproc\n"
	"signal: .cfi_startproc\n .cfi_signal_frame\n nop\n nop\n .cfi_endproc\n"
	/* CFA: *(bp - 8); the caller's bp: at bp. As GCC writes it where it realigns the stack. */
	"realigned: .cfi_startproc\n .cfi_escape 0x0f, 3, 0x76, 0x78, 6\n"
	".cfi_escape 0x10, 6, 2, 0x76, 0\n nop\n nop\n .cfi_endproc\n"
	"pointers: nop\n nop\n nop\n nop\n"
	"python_begin: nop\n" PLAIN(helper)
	"_PyEval_EvalFrameDefault: .cfi_startproc\n nop\n nop\n"
	"loop_inside: nop\n nop\n .cfi_endproc\n"
	".size _PyEval_EvalFrameDefault, 4\n"
	"moved_away: .cfi_startproc\n nop\n nop\n .byte 0xe9\n .long loop_inside - . - 4\n"
	".cfi_endproc\n"
	"python_end: nop\n" FUNCTION(outer) FUNCTION(extension) FUNCTION(allocator)
		FUNCTION(helper) ".type _PyEval_EvalFrameDefault, @function\n");

extern const char outer[], extension[], allocator[], looping[], backward[], first[],
	realigned[], pointers[], python_begin[], python_end[], helper[], moved_away[];
extern const char signal_[] __asm__("signal");
extern const char eval_loop[] __asm__("_PyEval_EvalFrameDefault");

#define STACK_AT 0x7ffd00000000ULL

struct world {
	struct fake fake;
	struct remote memory;
	struct process process;
	struct py_runtime runtime;
	struct pyframes *pyframes;
	struct native *native;
	struct native_snapshot snapshot;
	struct native_stack found;
	struct stack merged;
	uint64_t code;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e = { 0 };
	struct py_layout l;

	if (!w || py_layout_table(&l, 3, 11) || process_open(&w->process, getpid(), &e))
		return -1;
	fake_init(&w->fake, &l);
	remote_init(&w->memory, getpid());
	w->pyframes = pyframes_new(&w->fake.l, &w->memory);
	w->code = fake_code(&w->fake);
	w->runtime.image_start = (uintptr_t)python_begin;
	w->runtime.image_end = (uintptr_t)python_end;
	*state = w;
	return native_new(&w->native, &w->process, &w->runtime);
}

static int tear_down(void **state)
{
	struct world *w = *state;

	native_free(w->native);
	native_free(NULL);
	pyframes_free(w->pyframes);
	process_close(&w->process);
	fake_release(&w->fake);
	free(w);
	return 0;
}

/* A return address in a function: the call was the instruction before. */
static uint64_t in(const char *function)
{
	return (uintptr_t)function + 2;
}

/* The stack that begins at sp: @count words. */
static void set_stack(struct world *w, const char *ip, const uint64_t *words, size_t count)
{
	struct native_snapshot *s = &w->snapshot;

	memset(s, 0, sizeof(*s));
	s->ip = (uintptr_t)ip;
	s->sp = s->stack_start = STACK_AT;
	s->stack_size = NATIVE_STACK_BYTES;
	memcpy(s->stack, words, count * sizeof(*words));
}
#define STACK(w, ip, ...)                                                                          \
	do {                                                                                       \
		const uint64_t words[] = { __VA_ARGS__ };                                          \
		set_stack(w, ip, words, sizeof(words) / sizeof(words[0]));                         \
	} while (0)

static void put_word(struct world *w, size_t offset, uint64_t value)
{
	memcpy(w->snapshot.stack + offset, &value, sizeof(value));
}

/* A Python frame at one of fake_code()'s lines, 41 or 43. */
static void add_python(struct world *w, int line, uint64_t entry)
{
	struct native_snapshot *s = &w->snapshot;

	s->frame[s->depth].code = w->code;
	s->frame[s->depth].instr = fake_instr(&w->fake, w->code, line == 41 ? 0 : 4);
	s->entry[s->depth++] = entry;
}

static void unwind_now(struct world *w, enum native_end end, uint32_t depth)
{
	memset(&w->found, 0xee, sizeof(w->found));
	native_unwind(w->native, &w->snapshot, &w->found);
	assert_int_equal(w->found.depth, depth);
	assert_int_equal(w->found.end, end);
}

/* Merge, and compare with @expected: "name name 41 name 43". */
static void merged_is(struct world *w, const char *expected)
{
	char text[4096];
	struct strbuf b;

	native_merge(w->native, &w->snapshot, w->pyframes, &w->merged);
	strbuf_init(&b, text, sizeof(text));
	for (uint32_t i = 0; i < w->merged.depth; i++) {
		const struct frame *f = &w->merged.frame[i];

		strbuf_addf(&b, "%s", i ? " " : "");
		if (f->native)
			strbuf_add(&b, f->function);
		else
			strbuf_addf(&b, "%d", f->line);
	}
	assert_string_equal(text, expected);
}

/* Fill in a snapshot as the kernel would. */
static NOINLINE void here(struct world *w)
{
	struct native_snapshot *s = &w->snapshot;
	ssize_t size;

	memset(s, 0, sizeof(*s));
	__asm__ volatile("lea 0(%%rip), %0\n mov %%rsp, %1\n mov %%rbp, %2"
			 : "=r"(s->ip), "=r"(s->sp), "=r"(s->bp));
	s->stack_start = s->sp & ~(NATIVE_CHUNK - 1ULL);
	size = remote_read_some(&w->memory, s->stack_start, s->stack, NATIVE_STACK_BYTES);
	assert_true(size > NATIVE_CHUNK);
	s->stack_size = (uint32_t)size & ~(NATIVE_CHUNK - 1U);
}

/* Has a frame of a size that only the frame pointer knows. */
static NOINLINE void called_by(struct world *w, int size)
{
	volatile char *room = __builtin_alloca(size);

	here(w);
	room[size - 1] = 0;
}

static void own_stack(void **state)
{
	const char *const names[] = { "here", "called_by", "own_stack" };
	struct world *w = *state;
	struct frame frame;

	called_by(w, 100);
	native_unwind(w->native, &w->snapshot, &w->found);
	assert_true(w->found.depth > 3);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		native_name(w->native, w->found.frame[i].address, &frame);
		assert_string_equal(frame.function, names[i]);
		assert_true(frame.native);
		assert_non_null(strstr(frame.file, "t_native"));
		assert_int_equal(frame.line, 0);
	}
	native_merge(w->native, &w->snapshot, w->pyframes, &w->merged);
	assert_int_equal(w->merged.depth, w->found.depth);
	w->snapshot.stack_size = NATIVE_CHUNK;
	native_unwind(w->native, &w->snapshot, &w->found);
	assert_int_equal(w->found.end, NATIVE_COPY_ENDS);
}

static void follows_return_addresses(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, in(extension), in(outer), 0);
	unwind_now(w, NATIVE_OUTERMOST, 3);
	assert_int_equal(w->found.frame[1].address, in(extension) - 1);
	assert_int_equal(w->found.frame[1].start, STACK_AT + 8);
	assert_int_equal(w->found.frame[1].end, STACK_AT + 16);
	STACK(w, allocator, in(first), in(outer));
	unwind_now(w, NATIVE_OUTERMOST, 2);
	STACK(w, allocator, 0x1234, in(outer), 0);
	unwind_now(w, NATIVE_LOST, 2);
}

static void puts_replaced_addresses_back(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, 0x7fffffffe000, in(outer), 0);
	unwind_now(w, NATIVE_LOST, 2);
	w->snapshot.returns = 0xffffffff;
	w->snapshot.replaced[3].stack = STACK_AT;
	w->snapshot.replaced[3].address = in(extension);
	unwind_now(w, NATIVE_OUTERMOST, 3);
	assert_int_equal(w->found.frame[1].address, in(extension) - 1);
}

static void follows_frame_pointers(void **state)
{
	struct world *w = *state;

	STACK(w, pointers, 0, 0, STACK_AT + 48, in(pointers), 0, 0, 0x77, in(extension), 0);
	w->snapshot.bp = STACK_AT + 16;
	unwind_now(w, NATIVE_OUTERMOST, 3);
	assert_int_equal(w->found.frame[2].address, in(extension) - 1);
	assert_int_equal(w->found.frame[2].start, STACK_AT + 64);
	w->snapshot.bp = STACK_AT + 17;
	unwind_now(w, NATIVE_LOST, 1);
	w->snapshot.bp = STACK_AT - 8;
	unwind_now(w, NATIVE_LOST, 1);
	w->snapshot.bp = STACK_AT + NATIVE_STACK_BYTES - 8;
	unwind_now(w, NATIVE_COPY_ENDS, 1);
}

static void follows_realigned_stacks(void **state)
{
	struct world *w = *state;

	/* bp points at the third word; the word before it says where the frame ends. */
	STACK(w, realigned, 0, STACK_AT + 48, 0x55, 0, 0, in(extension), 0);
	w->snapshot.bp = STACK_AT + 16;
	unwind_now(w, NATIVE_OUTERMOST, 2);
	assert_int_equal(w->found.frame[1].start, STACK_AT + 48);
}

static void follows_signals(void **state)
{
	struct world *w = *state;

	STACK(w, signal_, 0);
	put_word(w, 168, (uintptr_t)extension); /* not after a call */
	put_word(w, 160, STACK_AT + 512);
	put_word(w, 512, in(outer));
	unwind_now(w, NATIVE_OUTERMOST, 3);
	assert_int_equal(w->found.frame[1].address, (uintptr_t)extension);
	put_word(w, 160, STACK_AT);
	unwind_now(w, NATIVE_LOST, 1);
}

static void lies_end(void **state)
{
	static uint64_t words[NATIVE_STACK_BYTES / 8];
	struct world *w = *state;

	STACK(w, looping, in(looping), in(looping));
	unwind_now(w, NATIVE_LOST, 1);
	STACK(w, backward, in(backward), in(backward));
	w->snapshot.sp = STACK_AT + 1024;
	put_word(w, 1024 - 72, in(backward));
	unwind_now(w, NATIVE_LOST, 1);
	for (size_t i = 0; i < sizeof(words) / 8; i++)
		words[i] = in(extension);
	set_stack(w, extension, words, sizeof(words) / 8);
	unwind_now(w, NATIVE_DEEP, NATIVE_MAX_FRAMES);
	w->snapshot.stack_size = 80;
	unwind_now(w, NATIVE_COPY_ENDS, 11);
	w->snapshot.stack_size = 0xffffffff;
	w->snapshot.sp = STACK_AT + NATIVE_STACK_BYTES - 8;
	unwind_now(w, NATIVE_COPY_ENDS, 2);
	w->snapshot.sp = ~0ULL;
	unwind_now(w, NATIVE_COPY_ENDS, 1);
	w->snapshot.sp = 0;
	unwind_now(w, NATIVE_COPY_ENDS, 1);
	w->snapshot.sp = w->snapshot.stack_start = ~7ULL;
	unwind_now(w, NATIVE_LOST, 1);
	w->snapshot.ip = 0;
	unwind_now(w, NATIVE_OUTERMOST, 0);
	w->snapshot.depth = 0xffffffff;
	native_merge(w->native, &w->snapshot, w->pyframes, &w->merged);
	assert_int_equal(w->merged.depth, REPORT_STACK_MAX);
	assert_true(w->merged.truncated);
}

static void names_what_has_no_symbol(void **state)
{
	struct world *w = *state;
	char expected[64];
	struct frame frame;
	struct module *at;
	bool executable;

	at = modules_find(&w->native->modules, (uintptr_t)first, &executable);
	assert_true(executable);
	snprintf(expected, sizeof(expected), "+0x%llx",
		 (unsigned long long)((uintptr_t)first - at->bias));
	native_name(w->native, in(first) - 1, &frame);
	assert_string_equal(frame.function, expected);
	native_name(w->native, 0x1234, &frame);
	assert_string_equal(frame.function, "");
	assert_true(frame.native);
}

static void knows_the_loop_and_its_parts(void **state)
{
	struct native *n = ((struct world *)*state)->native;

	for (int i = 0; i < 2; i++) {
		assert_true(native_is_loop(n, (uintptr_t)eval_loop + 1));
		assert_true(native_is_loop(n, (uintptr_t)moved_away + 1));
		assert_false(native_is_loop(n, (uintptr_t)helper + 1));
		assert_false(native_is_loop(n, (uintptr_t)extension + 1));
	}
}

/* Python 41 called 41 inside one run of the loop; C called 43. */
static void runs_take_the_place_of_the_loop(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, in(extension), in(helper), in(moved_away), in(helper), in(extension),
	      in(eval_loop), in(helper), in(outer), 0);
	add_python(w, 41, 0);
	add_python(w, 41, NATIVE_ENTRY_SOMEWHERE);
	add_python(w, 43, NATIVE_ENTRY_SOMEWHERE);
	merged_is(w, "allocator extension 41 41 extension 43");
	assert_false(w->merged.truncated);
}

/* Where the loop's address on the stack is known, names do not matter. */
static void runs_take_the_place_of_their_entry(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, in(extension), in(helper), in(extension), in(eval_loop), in(helper),
	      in(outer), 0);
	add_python(w, 41, 0);
	add_python(w, 41, STACK_AT + 16);
	add_python(w, 43, STACK_AT + 44);
	merged_is(w, "allocator extension 41 41 extension 43");
	w->snapshot.entry[2] = 0x7f0000000000; /* kept elsewhere: behind all that is found */
	merged_is(w, "allocator extension 41 41 extension outer 43");
	w->snapshot.entry[1] = STACK_AT + 44;
	w->snapshot.entry[0] = 0x7f0000000000; /* passed over: placed with the next */
	merged_is(w, "allocator extension extension 41 41 outer 43");
}

static void python_goes_on_where_native_ends(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, in(extension), in(eval_loop), 0x1234);
	add_python(w, 41, NATIVE_ENTRY_SOMEWHERE);
	add_python(w, 43, NATIVE_ENTRY_SOMEWHERE);
	add_python(w, 41, 0);
	merged_is(w, "allocator extension 41  43 41");
	w->snapshot.truncated = 1;
	merged_is(w, "allocator extension 41  43 41");
	assert_true(w->merged.truncated);
}

static void no_python_keeps_everything(void **state)
{
	struct world *w = *state;

	STACK(w, allocator, in(extension), in(helper), in(outer), 0);
	merged_is(w, "allocator extension helper outer");
	assert_false(w->merged.truncated);
	STACK(w, allocator, in(extension), 0x1234);
	merged_is(w, "allocator extension ");
	assert_true(w->merged.truncated);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(own_stack),
		WITH_WORLD(follows_return_addresses),
		WITH_WORLD(puts_replaced_addresses_back),
		WITH_WORLD(follows_frame_pointers),
		WITH_WORLD(follows_realigned_stacks),
		WITH_WORLD(follows_signals),
		WITH_WORLD(lies_end),
		WITH_WORLD(names_what_has_no_symbol),
		WITH_WORLD(knows_the_loop_and_its_parts),
		WITH_WORLD(runs_take_the_place_of_the_loop),
		WITH_WORLD(runs_take_the_place_of_their_entry),
		WITH_WORLD(python_goes_on_where_native_ends),
		WITH_WORLD(no_python_keeps_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
