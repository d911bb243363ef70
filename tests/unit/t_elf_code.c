// SPDX-License-Identifier: Apache-2.0
/* Instructions byte by byte, and the test's own executable as an image without help of symbols. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/elf/code_file.h"
#include "../../user/elf/x86_64.h"
#include "../../user/util/siphash.h"

#define AT 0x401000u

static const char marker[] = "only referred_to() refers to this: 81c3";

/* So that the tests do not refer to it. */
static const char *volatile marker_again = marker;

const char *referred_to(int which);
int called_here(int number);

__attribute__((noinline)) const char *referred_to(int which)
{
	return marker + which;
}

__attribute__((noinline)) int called_here(int number)
{
	return (int)strlen(referred_to(number & 1));
}

static struct code_instruction decoded(const char *bytes, size_t len)
{
	struct code_instruction in;

	assert_int_equal(code_x86_64.decode((const uint8_t *)bytes, len, AT, &in), 0);
	return in;
}
#define DECODED(text) decoded(text, sizeof(text) - 1)

static void lengths_of_instructions(void **state)
{
	static const struct {
		const char *bytes;
		unsigned length;
	} known[] = {
		{"\xf3\x0f\x1e\xfa", 4},			     /* endbr64 */
		{"\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00", 10},    /* nop */
		{"\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", 10},    /* movabs */
		{"\x66\xb8\x01\x02", 4},			     /* mov ax */
		{"\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9},	     /* mov fs:0x28, rax */
		{"\xf7\xc7\x01\x00\x00\x00", 6},		     /* test: has an operand */
		{"\xf7\xdf", 2},				     /* neg: has none */
		{"\x48\x81\x7d\x10\x00\x10\x00\x00", 8},	     /* cmp $0x1000, 0x10(rbp) */
		{"\xc8\x10\x00\x00", 4},			     /* enter */
		{"\xc5\xf8\x77", 3},				     /* vzeroupper */
		{"\xc5\xf9\x70\xc0\x4e", 5},			     /* vpshufd */
		{"\xc4\xe3\x7d\x39\xc1\x01", 6},		     /* vextracti128 */
		{"\x62\xf1\x7c\x48\x10\x44\x24\x01", 8},	     /* vmovups, EVEX */
		{"\x66\x0f\x3a\x0f\xc1\x08", 6},		     /* palignr */
		{"\x66\x66\x48\xe8\x00\x00\x00\x00", 8},	     /* call __tls_get_addr */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct code_instruction in = decoded(known[i].bytes, known[i].length);

		assert_int_equal(in.length, known[i].length);
		for (unsigned cut = 0; cut < known[i].length; cut++)
			assert_true(code_x86_64.decode((const uint8_t *)known[i].bytes, cut, AT,
						       &in) == -EINVAL);
	}
}

static void unknown_instructions_are_refused(void **state)
{
	static const char unknown[][8] = {
		"\x06\x90\x90\x90\x90\x90", "\x0f\x04\x90\x90\x90\x90",
		"\x66\xe8\x00\x00\x00\x00", "\xd6\x90\x90\x90\x90\x90",
	};
	struct code_instruction in;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(code_x86_64.decode((const uint8_t *)unknown[i], 6, AT, &in),
				 -EINVAL);
}

static void where_instructions_lead(void **state)
{
	struct code_instruction in;

	(void)state;
	in = DECODED("\xe8\x10\x00\x00\x00");
	assert_int_equal(in.kind, CODE_CALL);
	assert_int_equal(in.target, AT + 5 + 0x10);
	in = DECODED("\xeb\xfe");
	assert_int_equal(in.kind, CODE_JUMP);
	assert_int_equal(in.target, AT);
	in = DECODED("\x0f\x84\x00\xff\xff\xff");
	assert_int_equal(in.kind, CODE_BRANCH);
	assert_int_equal(in.target, AT + 6 - 0x100);
	in = DECODED("\x48\x8d\x3d\x20\x00\x00\x00"); /* lea 0x20(rip), rdi */
	assert_true(in.has_memory);
	assert_int_equal(in.memory, AT + 7 + 0x20);
	in = DECODED("\x48\x81\x3d\x20\x00\x00\x00\x44\x33\x22\x11"); /* cmp $imm, 0x20(rip) */
	assert_int_equal(in.memory, AT + 11 + 0x20);
	assert_true(in.has_immediate);
	assert_int_equal(in.immediate, 0x11223344);
	in = DECODED("\x48\x8b\x14\xc5\x20\x4d\x95\x00"); /* mov 0x954d20(,rax,8), rdx */
	assert_true(in.has_memory);
	assert_int_equal(in.memory, 0x954d20);
	in = DECODED("\x64\x48\x8b\x04\x25\x28\x00\x00\x00"); /* fs: not an address */
	assert_false(in.has_memory);
	in = DECODED("\x48\x8b\x80\x60\x02\x00\x00"); /* mov 0x260(rax), rax */
	assert_false(in.has_memory);
	assert_true(in.has_offset);
	assert_int_equal(in.offset, 0x260);
}

static void what_the_kernel_emulates(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		enum code_emulated what;
	} known[] = {
		{"\x55", 1, CODE_PUSH},		     {"\x41\x57", 2, CODE_PUSH},
		{"\x90", 1, CODE_NOP},		     {"\x66\x90", 2, CODE_NOP},
		{"\xeb\x10", 2, CODE_EMULATED_JUMP}, {"\x74\x10", 2, CODE_EMULATED_BRANCH},
		{"\xe8\0\0\0\0", 5, CODE_EMULATED_CALL},
		{"\x0f\x85\0\0\0\0", 6, CODE_EMULATED_BRANCH},
		{"\xf3\x90", 2, CODE_STEPPED},	     {"\x41\x90", 2, CODE_STEPPED},
		{"\xf2\xe9\0\0\0\0", 6, CODE_STEPPED}, {"\x0f\x1f\x00", 3, CODE_STEPPED},
		{"\x66\x50", 2, CODE_STEPPED},	     {"\xf3\x0f\x1e\xfa", 4, CODE_STEPPED},
		{"\xe3\x10", 2, CODE_STEPPED},	     {"\xff\xe0", 2, CODE_STEPPED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(x86_emulated((const uint8_t *)known[i].bytes, known[i].length),
				 known[i].what);
}

static bool harmless(const char *bytes, size_t len, bool first_is_free)
{
	return x86_harmless((const uint8_t *)bytes, len, first_is_free);
}
#define HARMLESS(text, free) harmless(text, sizeof(text) - 1, free)

static void what_may_stand_before_a_probe(void **state)
{
	(void)state;
	assert_true(HARMLESS("\xf3\x0f\x1e\xfa", false));	 /* endbr64 */
	assert_true(HARMLESS("\x48\x8d\x46\xff", false));	 /* lea -1(rsi), rax */
	assert_true(HARMLESS("\x48\x85\xf6", false));		 /* test rsi, rsi */
	assert_true(HARMLESS("\x48\x3d\xff\x01\x00\x00", false)); /* cmp $0x1ff, rax */
	assert_true(HARMLESS("\x49\x89\xf0", false));		 /* mov rsi, r8 */
	assert_false(HARMLESS("\x48\x89\xf7", false));		 /* mov rsi, rdi */
	assert_true(HARMLESS("\x48\x89\xf7", true));
	assert_false(HARMLESS("\x48\x89\xd6", true));	  /* mov rdx, rsi */
	assert_false(HARMLESS("\x48\x0f\x45\xd6", true)); /* cmovne rsi, rdx */
	assert_false(HARMLESS("\x48\x83\xec\x18", true)); /* sub $0x18, rsp */
	assert_false(HARMLESS("\xb5\x01", true));	  /* mov $1, ch: part of rcx */
	assert_false(HARMLESS("\x55", true));
	assert_false(HARMLESS("\xc3", true));
	assert_false(HARMLESS("\xff\xd0", true));
	assert_false(HARMLESS("\xf3\xaa", true));	      /* rep stosb: rdi and rcx */
	assert_false(HARMLESS("\xc7\xf8\x00\x00\x00\x00", true)); /* xbegin jumps */
}

static void what_does_nothing(void **state)
{
	static const struct {
		const char *bytes;
		size_t length, idle;
	} known[] = {
		{"\x90", 1, 1},			   {"\x66\x90", 2, 2},
		{"\xf3\x0f\x1e\xfa", 4, 4},		   {"\x0f\x1f\x40\x00", 4, 4},
		{"\x66\x0f\x1f\x44\x00\x00", 6, 6},	   {"\x0f\x1f\x00\xff", 4, 3},
		{"\x2e\x0f\x1f\x84\0\0\0\0\0", 9, 9}, {"\xf0\x0f\x1f\x00", 4, 0}, /* locked */
		{"\x0f\x1f\x08", 3, 0},		   {"\xf3\x90", 2, 0}, /* pause */
		{"\xcc", 1, 0},			   {"\x41\x90", 2, 0}, /* xchg */
		{"\x87\xc0", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(x86_idle((const uint8_t *)known[i].bytes, known[i].length),
				 known[i].idle);
}

#define COMPARES(text, reg) x86_compares((const uint8_t *)(text), sizeof(text) - 1, reg)
#define LOADS(text) x86_loads((const uint8_t *)(text), sizeof(text) - 1)

static void what_compares_addresses(void **state)
{
	(void)state;
	assert_true(COMPARES("\x48\x3d\xe0\x0b\x4d\x00", CODE_NO_REGISTER)); /* cmp $x, rax */
	assert_true(COMPARES("\x48\x81\xfa\xe0\x0b\x4d\x00", CODE_NO_REGISTER));
	assert_true(COMPARES("\x49\x81\xfb\xe0\x0b\x4d\x00", CODE_NO_REGISTER));
	assert_false(COMPARES("\x3d\xe0\x0b\x4d\x00", CODE_NO_REGISTER)); /* half a register */
	assert_false(COMPARES("\x48\x81\x3d\0\0\0\0\xe0\x0b\x4d\0", CODE_NO_REGISTER)); /* memory */
	assert_false(COMPARES("\x48\x81\xc2\xe0\x0b\x4d\x00", CODE_NO_REGISTER)); /* add */
	assert_true(COMPARES("\x48\x39\xd0", 2));   /* cmp rdx, rax */
	assert_true(COMPARES("\x48\x39\xd0", 0));
	assert_false(COMPARES("\x48\x39\xd0", 1));
	assert_true(COMPARES("\x4c\x3b\xc8", 9));   /* cmp rax, r9 */
	assert_int_equal(LOADS("\x48\x8d\x15\0\0\0\0"), 2); /* lea x(rip), rdx */
	assert_int_equal(LOADS("\x4c\x8d\x0d\0\0\0\0"), 9);
	assert_int_equal(LOADS("\xb8\xe0\x0b\x4d\x00"), 0);
	assert_int_equal(LOADS("\x48\x8d\x50\x10"), CODE_NO_REGISTER);
}

/* Functions with nothing, a nop and a jump before them, and one that compares an address. */
#define FUNCTION(name, body)                                                                       \
	".globl " name "\n.type " name ",@function\n" name ":\n.cfi_startproc\n" body             \
	"ud2\n.cfi_endproc\n.size " name ",.-" name "\n"

__asm__(".text\n.p2align 4\n" FUNCTION("alias_first", "nop\n")
	FUNCTION("alias_landing", "endbr64\nsub $8,%rsp\nadd $8,%rsp\n")
	".byte 0x66, 0x90\n" FUNCTION("alias_padded", "sub $8,%rsp\nadd $8,%rsp\n")
	FUNCTION("alias_jumped", "sub $8,%rsp\nadd $8,%rsp\n")
	FUNCTION("alias_jumps", "nop\n.byte 0xe9\n.long alias_jumped-.-4\n")
	FUNCTION("alias_lonely", "push %rbx\npop %rbx\n")
	FUNCTION("alias_compares",
		 "lea alias_jumped(%rip),%rax\nmov %rdi,%rdx\ncmp %rax,%rdx\nje 1f\nnop\n1:\n"
		 "lea alias_jumped(%rip),%rcx\ncall alias_jumped\ncmp %rcx,%rax\njne 1b\n"));

static uint64_t symbol_value(const struct image *img, const char *name);
static struct image *own_image(void);

static bool note_branch(void *arg, uint64_t at, const struct code_instruction *in)
{
	uint64_t *found = arg;

	assert_int_equal(in->kind, CODE_BRANCH);
	assert_int_equal(found[0], 0);
	found[0] = at;
	return true;
}

static void other_addresses_of_a_function(void **state)
{
	struct image *img = own_image();
	struct code_alias alias;
	struct code *c = NULL;
	uint64_t landing, padded, jumped, found = 0;

	(void)state;
	assert_int_equal(code_open(&c, img, NULL), 0);
	landing = symbol_value(img, "alias_landing");
	padded = symbol_value(img, "alias_padded");
	jumped = symbol_value(img, "alias_jumped");
	assert_true(code_alias(c, landing, 0, &alias));
	assert_int_equal(alias.address, landing + 4);
	assert_int_equal(alias.emulated, CODE_STEPPED);
	assert_false(code_alias(c, landing, landing, &alias)); /* would pass by the probe */
	assert_true(code_alias(c, padded, 0, &alias));
	assert_int_equal(alias.address, padded - 1);
	assert_int_equal(alias.emulated, CODE_NOP);
	assert_true(code_alias(c, jumped, 0, &alias));
	assert_int_equal(alias.address, symbol_value(img, "alias_jumps") + 1);
	assert_int_equal(alias.emulated, CODE_EMULATED_JUMP);
	assert_false(code_alias(c, symbol_value(img, "alias_lonely"),
				symbol_value(img, "alias_lonely"), &alias));
	assert_int_equal(alias.address, 0);
	/* Behind a call the register holds something else. */
	assert_int_equal(code_compares(c, jumped, note_branch, &found), 0);
	assert_int_equal(found, symbol_value(img, "alias_compares") + 7 + 3 + 3);
	code_close(c);
	image_close(img);
}

static struct image *own_image(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct image *img = NULL;

	assert_true(fd >= 0);
	assert_int_equal(image_open_fd(&img, fd, "self", NULL), 0);
	close(fd);
	return img;
}

static uint64_t symbol_value(const struct image *img, const char *name)
{
	struct image_symbol symbol;

	assert_int_equal(image_symbol(img, name, &symbol), 0);
	return symbol.value;
}

struct seen {
	const struct code *code;
	uint64_t inside;
	unsigned count;
};

static bool count_function(void *arg, uint64_t at, const struct code_instruction *in)
{
	struct seen *s = arg;
	const struct code_function *f = code_function_at(s->code, at);

	(void)in;
	assert_non_null(f);
	s->inside = f->start;
	s->count++;
	return true;
}

static void functions_and_references_of_an_image(void **state)
{
	struct image *img = own_image();
	struct image_symbol symbol;
	const struct code_function *f;
	struct seen seen = {.count = 0};
	struct code *c = NULL;
	uint64_t user, caller, text;

	(void)state;
	assert_true(called_here(1) > 0);
	assert_int_equal(code_open(&c, img, NULL), 0);
	user = symbol_value(img, "referred_to");
	caller = symbol_value(img, "called_here");
	assert_true(code_is_entry(c, user));
	assert_false(code_is_entry(c, user + 1));
	f = code_function_at(c, user + 1);
	assert_non_null(f);
	assert_int_equal(image_symbol(img, "referred_to", &symbol), 0);
	assert_int_equal(f->end - f->start, symbol.size);

	assert_true(code_find(c, marker_again, sizeof(marker), 0, &text));
	seen.code = c;
	assert_int_equal(code_refs(c, text, count_function, &seen), 0);
	assert_true(seen.count >= 1);
	assert_int_equal(seen.inside, user);
	seen.count = 0;
	assert_int_equal(code_jumps(c, user, user + 1, count_function, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.inside, caller);
	assert_ptr_equal(code_parent(c, f), f);
	code_close(c);
	image_close(img);
}

static int copy_all(int from, int to)
{
	char piece[65536];
	ssize_t n;

	while ((n = read(from, piece, sizeof(piece))) > 0) {
		if (write(to, piece, (size_t)n) != n)
			return -1;
	}
	return (int)n;
}

static void images_without_unwind_tables_are_refused(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY), copy = memfd_create("copy", MFD_CLOEXEC);
	struct image *img = NULL;
	struct err e = {0};
	struct code *c;
	Elf64_Ehdr head;

	(void)state;
	assert_int_equal(copy_all(fd, copy), 0);
	assert_int_equal(pread(copy, &head, sizeof(head), 0), sizeof(head));
	for (unsigned i = 0; i < head.e_phnum; i++) {
		off_t at = (off_t)(head.e_phoff + i * sizeof(Elf64_Phdr));
		uint32_t type;

		assert_int_equal(pread(copy, &type, 4, at), 4);
		if (type == PT_GNU_EH_FRAME) {
			type = PT_NULL;
			assert_int_equal(pwrite(copy, &type, 4, at), 4);
		}
	}
	assert_int_equal(image_open_fd(&img, copy, "copy", &e), 0);
	assert_int_equal(code_open(&c, img, &e), -ENOTSUP);
	assert_null(c);
	assert_non_null(strstr(e.text, "unwind"));
	image_close(img);
	close(fd);
	close(copy);
}

/* The first vectors of the reference implementation: key 00..0f, input 00, 00 01, ... */
static void hash_is_siphash(void **state)
{
	static const uint64_t expected[] = {0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
					    0x0d6c8009d9a94f5a};
	uint64_t key[2];
	uint8_t bytes[16];

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (uint8_t)i;
	memcpy(key, bytes, sizeof(key));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(siphash(key, bytes, i), expected[i]);
	assert_int_equal(siphash(key, bytes, 15), 0xa129ca6149be45e5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_of_instructions),
		cmocka_unit_test(unknown_instructions_are_refused),
		cmocka_unit_test(where_instructions_lead),
		cmocka_unit_test(what_the_kernel_emulates),
		cmocka_unit_test(what_may_stand_before_a_probe),
		cmocka_unit_test(what_does_nothing),
		cmocka_unit_test(what_compares_addresses),
		cmocka_unit_test(other_addresses_of_a_function),
		cmocka_unit_test(functions_and_references_of_an_image),
		cmocka_unit_test(images_without_unwind_tables_are_refused),
		cmocka_unit_test(hash_is_siphash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
