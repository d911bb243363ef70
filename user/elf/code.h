// SPDX-License-Identifier: Apache-2.0
/*
 * The machine code of an image: where its functions begin and end, what an instruction calls, jumps
 * to or refers to, and where a uprobe is cheap. Works without symbols and without section headers.
 *
 * Functions come from the unwind tables (PT_GNU_EH_FRAME: .eh_frame_hdr, and the FDEs it lists; LSB
 * core, "Exception Frames"), which C++ exceptions and backtraces need, so no strip takes them away.
 * A `.cold` part is a function of its own there; code_parent() leads from it to its function.
 *
 * Instructions are decoded one after another from a function's first. What is not known stops that,
 * so a decoder never runs out of step in silence. Machine code of another architecture needs one
 * more struct code_machine (code_file.h).
 *
 * All addresses are link addresses, as in image.h. The file is hostile: every table is checked
 * against the segments that were read, once, into our memory.
 */
#ifndef PYLEAK_ELF_CODE_H
#define PYLEAK_ELF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../util/err.h"
#include "image.h"

#define CODE_BYTES_MAX (512ULL << 20) /* loadable bytes of an image; one with more is refused */
#define CODE_FUNCTIONS_MAX 2000000    /* FDEs looked at; libpython has about 15,000 */

struct code;

struct code_function {
	uint64_t start, end;
	bool inside_frame; /* its first instruction already has a stack frame: a part of another */
};

enum code_kind {
	CODE_OTHER,
	CODE_CALL,   /* call to a fixed address */
	CODE_JUMP,   /* always, to a fixed address */
	CODE_BRANCH, /* on a condition */
};

struct code_instruction {
	uint8_t length;
	enum code_kind kind;
	uint64_t target; /* of a call, jump or branch */
	bool has_memory; /* an operand in memory at a fixed address, or that address (lea) */
	uint64_t memory;
	bool has_immediate; /* 32 or 64 bits wide */
	uint64_t immediate;
	bool has_offset; /* an operand in memory, this far from a register */
	int32_t offset;
};

/*
 * Take in functions, code and relocated data of @img, which must stay open. 0; -ENOTSUP: an
 * architecture that is not known, or no unwind tables; -EINVAL, -EFBIG, -EIO, -ENOMEM; with @e.
 * Close with code_close(); NULL is allowed.
 */
int code_open(struct code **out, const struct image *img, struct err *e);
void code_close(struct code *c);

/* The function with @address in it; NULL where there is none. */
const struct code_function *code_function_at(const struct code *c, uint64_t address);
/* Does a function begin there? */
bool code_is_entry(const struct code *c, uint64_t address);

/* Bytes at @address if @len of them are in the file's part of one segment, else NULL. */
const uint8_t *code_bytes(const struct code *c, uint64_t address, size_t len);
/* The word of writable data at @address as the loader would leave it; false: there is none. */
bool code_word(const struct code *c, uint64_t address, uint64_t *value);
/* Is it in data that becomes read-only once relocated (PT_GNU_RELRO)? */
bool code_is_relro(const struct code *c, uint64_t address);
/* The @index-th stretch of writable data, words aligned to 8; false: no more. */
bool code_data(const struct code *c, unsigned index, uint64_t *start, uint64_t *end);
/* The next occurrence of @needle at or behind @from in data that is not writable. */
bool code_find(const struct code *c, const void *needle, size_t len, uint64_t from,
	       uint64_t *address);
/* Where the file has what is at @address; false: nowhere. */
bool code_file_offset(const struct code *c, uint64_t address, uint64_t *offset);

/* Decode one instruction. 0; -EINVAL: not known; -EFAULT: not in code. */
int code_decode(const struct code *c, uint64_t at, struct code_instruction *out);

/*
 * Call @visit with each instruction of @f in order, until it returns false. 0, or -EINVAL where one
 * is not known: the rest was not seen.
 */
typedef bool code_visit(void *arg, uint64_t at, const struct code_instruction *instruction);
int code_walk(const struct code *c, const struct code_function *f, code_visit *visit, void *arg);

/*
 * Call @visit with every instruction of all functions that refers to @target as data (code_refs) or
 * goes to [@from, @to) (code_jumps), until it returns false. Short jumps, which cannot leave a
 * function, are not reported by code_jumps. -EINVAL where a likely one could not be told because
 * its function cannot be decoded; the others were visited.
 */
int code_refs(const struct code *c, uint64_t target, code_visit *visit, void *arg);
int code_jumps(const struct code *c, uint64_t from, uint64_t to, code_visit *visit, void *arg);

/*
 * Call @visit with every conditional branch on whether a register holds @target, an address: what
 * compilers make of an indirect call that profiles say goes there. As code_refs().
 */
int code_compares(const struct code *c, uint64_t target, code_visit *visit, void *arg);

/*
 * The function that @part belongs to: itself, or where the compiler moved unlikely code away
 * (`.cold`), the one that it was moved from: it alone jumps there and it is jumped back to. NULL
 * where that is not clear.
 */
const struct code_function *code_parent(const struct code *c, const struct code_function *part);

/* Kinds of instructions that the kernel emulates under a uprobe; the others it steps, 13 times as
 * dear (arch/x86/kernel/uprobes.c: branch_setup_xol_ops, push_setup_xol_ops). */
enum code_emulated {
	CODE_STEPPED,
	CODE_PUSH,
	CODE_NOP,
	CODE_EMULATED_JUMP,
	CODE_EMULATED_BRANCH,
	CODE_EMULATED_CALL,
};

struct code_probe {
	uint32_t offset; /* from the entry; 0 where CODE_STEPPED */
	enum code_emulated emulated;
};

/*
 * Where to probe the function that begins at @entry: the first instruction that is emulated, is
 * passed exactly once a call, and still sees stack pointer and arguments as on entry; the first
 * argument too unless @first_is_free. CODE_STEPPED at the entry where there is none such.
 */
void code_probe(const struct code *c, uint64_t entry, bool first_is_free, struct code_probe *out);
/* What is at @at, alone. */
enum code_emulated code_emulated(const struct code *c, uint64_t at);

struct code_alias {
	uint64_t address;
	enum code_emulated emulated; /* the instruction there */
};

/*
 * Another address to call the function at @entry by, with the same effect: behind an endbr64 that
 * it begins with, at a nop that pads the gap before it, or at a jump to it. A call by it passes
 * @probe, an instruction of the function; where that is 0 an alias is preferred that is itself
 * emulated. False, and address 0, where there is none.
 */
bool code_alias(const struct code *c, uint64_t entry, uint64_t probe, struct code_alias *out);

#endif
