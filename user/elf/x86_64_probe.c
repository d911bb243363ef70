// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel does with a uprobe on an x86-64 instruction, and what may stand before it.
 */
#include "x86_64.h"

/* Numbers of registers in instructions. */
enum { RAX = 0, RCX = 1, RDX = 2, RSP = 4, RSI = 6, RDI = 7, NO_REGISTER = 16 };

static enum code_emulated emulated_one_byte(const struct x86_instruction *i)
{
	if (i->opcode == 0x90 && !i->rex && (!i->prefixes || (i->prefixes == 1 && i->operand16)))
		return CODE_NOP;
	if (i->prefixes)
		return CODE_STEPPED;
	if ((i->opcode & 0xf8) == 0x50)
		return CODE_PUSH;
	if (i->rex || !i->jumps)
		return CODE_STEPPED;
	if (i->opcode == 0xe8)
		return CODE_EMULATED_CALL;
	if (i->opcode == 0xe9 || i->opcode == 0xeb)
		return CODE_EMULATED_JUMP;
	return (i->opcode & 0xf0) == 0x70 ? CODE_EMULATED_BRANCH : CODE_STEPPED;
}

/*
 * As arch/x86/kernel/uprobes.c has it. It knows longer nops only from 6.18 on, so they count as
 * stepped here, and so do jumps with a prefix.
 */
enum code_emulated x86_emulated(const uint8_t *bytes, size_t len)
{
	struct x86_instruction i;

	if (x86_decode(bytes, len, &i) || i.vector || i.map > 1)
		return CODE_STEPPED;
	if (i.map == 0)
		return emulated_one_byte(&i);
	return i.jumps && !i.prefixes && !i.rex ? CODE_EMULATED_BRANCH : CODE_STEPPED;
}

static unsigned in_reg(const struct x86_instruction *i)
{
	return (i->modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0);
}

/* The register of the r/m operand; NO_REGISTER where that is memory. */
static unsigned in_rm(const struct x86_instruction *i)
{
	return i->modrm >> 6 == 3 ? (i->modrm & 7u) | (i->rex & 1 ? 8 : 0) : NO_REGISTER;
}

/* Without REX these are the second bytes of rax to rbx: the register is another than its number. */
static bool high_byte(const struct x86_instruction *i, bool byte_wide, unsigned number)
{
	return byte_wide && !i->rex && number >= 4 && number < 8;
}

/* Which register a one-byte opcode writes: -1 where it is not known to be harmless otherwise. */
static int written_one_byte(const struct x86_instruction *i)
{
	uint8_t op = i->opcode;

	if (op < 0x40 && (op & 7) < 6) { /* add or adc sbb and sub xor cmp */
		bool compare = op >= 0x38;

		if (compare)
			return NO_REGISTER;
		if ((op & 7) > 3)
			return RAX;
		return (int)(op & 2 ? in_reg(i) : in_rm(i));
	}
	switch (op) {
	case 0x63: /* movsxd */
	case 0x69: /* imul */
	case 0x6b:
	case 0x8a: /* mov */
	case 0x8b:
	case 0x8d: /* lea */
		return (int)in_reg(i);
	case 0x88:
	case 0x89:
	case 0xc0: /* shifts */
	case 0xc1:
	case 0xd0:
	case 0xd1:
		return (int)in_rm(i);
	case 0xc6: /* mov, or xabort and xbegin */
	case 0xc7:
		return i->modrm >> 3 & 7 ? -1 : (int)in_rm(i);
	case 0x80:
	case 0x81:
	case 0x83: /* as above, cmp last */
		return (i->modrm >> 3 & 7) == 7 ? NO_REGISTER : (int)in_rm(i);
	case 0x84: /* test */
	case 0x85:
	case 0xa8:
	case 0xa9:
		return NO_REGISTER;
	case 0xf6:
	case 0xf7: /* test, test, not, neg; then mul and div */
		if ((i->modrm >> 3 & 7) < 2)
			return NO_REGISTER;
		return (i->modrm >> 3 & 7) < 4 ? (int)in_rm(i) : -1;
	case 0x98: /* cdqe */
		return RAX;
	}
	if ((op & 0xf0) == 0xb0) /* mov */
		return (op & 7) | (i->rex & 1 ? 8 : 0);
	return -1;
}

static bool is_endbr64(const struct x86_instruction *i)
{
	return i->map == 1 && i->opcode == 0x1e && i->repeat == 0xf3 && i->modrm == 0xfa;
}

static int written_two_bytes(const struct x86_instruction *i)
{
	uint8_t op = i->opcode;

	if (is_endbr64(i) || op == 0x1f /* nop */)
		return NO_REGISTER;
	if ((op & 0xf0) == 0x40 || op == 0xaf || op == 0xb6 || op == 0xb7 || op == 0xbe ||
	    op == 0xbf) /* cmov, imul, movzx, movsx */
		return (int)in_reg(i);
	if ((op & 0xf0) == 0x90) /* setcc */
		return (int)in_rm(i);
	if (op == 0xef || op == 0x57) /* xor of vector registers */
		return i->modrm >> 6 == 3 ? NO_REGISTER : -1;
	return -1;
}

/* Does it write one byte of a register? */
static bool byte_wide(const struct x86_instruction *i)
{
	if (i->map)
		return (i->opcode & 0xf0) == 0x90;
	if (i->opcode == 0x98)
		return false;
	return (i->opcode & 0xf8) == 0xb0 || !(i->opcode & 1);
}

bool x86_harmless(const uint8_t *bytes, size_t len, bool first_is_free)
{
	struct x86_instruction i;
	int written;

	if (x86_decode(bytes, len, &i) || i.vector || i.map > 1 || i.jumps)
		return false;
	if (x86_emulated(bytes, len) == CODE_NOP)
		return true;
	written = i.map ? written_two_bytes(&i) : written_one_byte(&i);
	if (written < 0 || high_byte(&i, byte_wide(&i), (unsigned)written))
		return false;
	switch (written) {
	case RSP:
	case RSI:
	case RDX:
	case RCX:
		return false;
	}
	return written != RDI || first_is_free;
}

/* Nops read no memory, whatever their operand; a lock in front of one would fault. */
size_t x86_idle(const uint8_t *bytes, size_t len)
{
	struct x86_instruction i;
	bool locked = false;

	if (x86_decode(bytes, len, &i) || i.vector)
		return 0;
	for (unsigned prefix = 0; prefix < i.prefixes; prefix++)
		locked = locked || bytes[prefix] == 0xf0;
	if (locked || i.rex)
		return 0;
	if (x86_emulated(bytes, len) == CODE_NOP || is_endbr64(&i) ||
	    (i.map == 1 && i.opcode == 0x1f && (i.modrm >> 3 & 7) == 0))
		return i.length;
	return 0;
}

/* cmp of 64-bit registers: 39 and 3b with another, 3d and 81 /7 with an immediate. */
bool x86_compares(const uint8_t *bytes, size_t len, unsigned reg)
{
	struct x86_instruction i;

	if (x86_decode(bytes, len, &i) || i.vector || i.map || i.prefixes || !(i.rex & 8))
		return false;
	if (reg == CODE_NO_REGISTER)
		return i.opcode == 0x3d || (i.opcode == 0x81 && (i.modrm >> 3 & 7) == 7 &&
					    in_rm(&i) != NO_REGISTER);
	return (i.opcode == 0x39 || i.opcode == 0x3b) && in_rm(&i) != NO_REGISTER &&
	       (in_rm(&i) == reg || in_reg(&i) == reg);
}

/* lea from the next instruction on; mov of four bytes, zero-extended or sign-extended. */
unsigned x86_loads(const uint8_t *bytes, size_t len)
{
	struct x86_instruction i;

	if (x86_decode(bytes, len, &i) || i.vector || i.map || i.prefixes)
		return CODE_NO_REGISTER;
	if (i.opcode == 0x8d && i.relative && i.rex & 8)
		return in_reg(&i);
	if ((i.opcode & 0xf8) == 0xb8)
		return (i.opcode & 7u) | (i.rex & 1 ? 8 : 0);
	if (i.opcode == 0xc7 && i.rex & 8 && in_rm(&i) != NO_REGISTER)
		return in_rm(&i);
	return CODE_NO_REGISTER;
}
