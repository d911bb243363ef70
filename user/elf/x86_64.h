// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 instructions, for x86_64.c and x86_64_probe.c.
 */
#ifndef PYLEAK_ELF_X86_64_H
#define PYLEAK_ELF_X86_64_H

#include "code_file.h"

struct x86_instruction {
	uint8_t length, prefixes;
	uint8_t rex;	/* 0: none */
	uint8_t map;	/* of opcodes: 0 one byte, 1 behind 0f, 2 0f 38, 3 0f 3a */
	uint8_t opcode; /* its last byte */
	uint8_t modrm;
	uint8_t repeat; /* f2 or f3, 0: none */
	uint8_t immediate_size;
	bool has_modrm, vector, operand16, address32, thread_relative, jumps;
	bool relative;	 /* operand in memory at `offset` from the next instruction */
	bool absolute;	 /* at `offset` itself, perhaps plus an index */
	bool has_offset; /* at `offset` from a register */
	int32_t offset;
	int64_t immediate;
};

/* 0; -EINVAL where it is none that is known, or longer than @len. */
int x86_decode(const uint8_t *bytes, size_t len, struct x86_instruction *i);

/* For struct code_machine. */
enum code_emulated x86_emulated(const uint8_t *bytes, size_t len);
bool x86_harmless(const uint8_t *bytes, size_t len, bool first_is_free);
bool x86_compares(const uint8_t *bytes, size_t len, unsigned reg);
unsigned x86_loads(const uint8_t *bytes, size_t len);
size_t x86_idle(const uint8_t *bytes, size_t len);

#endif
