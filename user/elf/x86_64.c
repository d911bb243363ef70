// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 instructions: how long, and what they go or refer to (Intel's manual, volume 2, appendix
 * A). Lengths are known of all that compilers write, VEX and EVEX included; operands only as far as
 * code.h asks.
 */
#include <errno.h>
#include <string.h>

#include "x86_64.h"

#define LENGTH_MAX 15

/*
 * What follows an opcode, a letter each: . nothing, m ModRM, b byte, w two bytes, z four bytes (two
 * behind 66), B ModRM and byte, Z ModRM and z, v z or eight bytes (REX.W), e enter, o an address, s
 * short jump, l long jump, g and G ModRM and an operand in some (f6, f7), p handled elsewhere, !
 * does not exist.
 */
static const char one_byte[] = "mmmmbz!!mmmmbz!p"
			       "mmmmbz!!mmmmbz!!"
			       "mmmmbzp!mmmmbzp!"
			       "mmmmbzp!mmmmbzp!"
			       "pppppppppppppppp"
			       "................"
			       "!!pmppppzZbB...."
			       "ssssssssssssssss"
			       "BZ!Bmmmmmmmmmmmm"
			       "..........!....."
			       "oooo....bz......"
			       "bbbbbbbbvvvvvvvv"
			       "BBw.ppBZe.w..b!."
			       "mmmm!!!.mmmmmmmm"
			       "ssssbbbbll!s...."
			       "p.pp..gG......mm";

static const char two_bytes[] = "mmmm!.....!.!m.!" /* behind 0f */
				"mmmmmmmmmmmmmmmm"
				"mmmm!!!!mmmmmmmm"
				"......!.p!p!!!!!"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"BBBBmmm.mmmmmmmm"
				"llllllllllllllll"
				"mmmmmmmmmmmmmmmm"
				"...mBm!!...mBmmm"
				"mmmmmmmmmmBmmmmm"
				"mmBmBBBm........"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm";

struct reader {
	const uint8_t *bytes;
	size_t len, at;
	bool short_of; /* the bytes ended */
};

static uint8_t take(struct reader *r)
{
	if (r->at < r->len)
		return r->bytes[r->at++];
	r->short_of = true;
	return 0;
}

/* A little-endian number of @size bytes, sign-extended. */
static int64_t take_number(struct reader *r, unsigned size)
{
	uint64_t value = 0;

	if (size > r->len - r->at) {
		r->short_of = true;
		return 0;
	}
	memcpy(&value, r->bytes + r->at, size);
	r->at += size;
	return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

static void take_prefixes(struct reader *r, struct x86_instruction *i)
{
	while (r->at < r->len) {
		uint8_t byte = r->bytes[r->at];

		if (byte == 0x66)
			i->operand16 = true;
		else if (byte == 0x67)
			i->address32 = true;
		else if (byte == 0xf2 || byte == 0xf3)
			i->repeat = byte;
		else if (byte == 0x64 || byte == 0x65)
			i->thread_relative = true;
		else if (byte != 0xf0 && byte != 0x2e && byte != 0x36 && byte != 0x3e &&
			 byte != 0x26)
			break;
		r->at++;
		i->prefixes++;
	}
	if (r->at < r->len && (r->bytes[r->at] & 0xf0) == 0x40)
		i->rex = r->bytes[r->at++];
}

/* VEX (c4, c5) and EVEX (62) say the opcode map themselves. */
static char take_vector(struct reader *r, struct x86_instruction *i, uint8_t first)
{
	uint8_t p = take(r);

	i->vector = true;
	i->map = first == 0xc5 ? 1 : first == 0xc4 ? p & 0x1f : p & 0x07;
	for (unsigned skip = first == 0xc5 ? 0 : first == 0xc4 ? 1 : 2; skip; skip--)
		take(r);
	i->opcode = take(r);
	if (i->map == 1) {
		char form = two_bytes[i->opcode];

		return form == '.' && i->opcode != 0x77 ? 'm' : form == 'l' ? 'm' : form;
	}
	return i->map == 3 ? 'B' : i->map == 0 || i->map > 6 ? '!' : 'm';
}

/* The opcode; what follows it. */
static char take_opcode(struct reader *r, struct x86_instruction *i)
{
	uint8_t byte = take(r);

	if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
		return take_vector(r, i, byte);
	i->opcode = byte;
	if (byte != 0x0f)
		return one_byte[byte];
	i->map = 1;
	i->opcode = byte = take(r);
	if (byte != 0x38 && byte != 0x3a)
		return two_bytes[byte];
	i->map = byte == 0x38 ? 2 : 3;
	i->opcode = take(r);
	return i->map == 2 ? 'm' : 'B';
}

/* ModRM, SIB, displacement. What is relative to the next instruction is completed at the end. */
static void take_operand(struct reader *r, struct x86_instruction *i)
{
	unsigned mod, rm, base = 8;

	i->has_modrm = true;
	i->modrm = take(r);
	mod = i->modrm >> 6;
	rm = i->modrm & 7;
	if (mod == 3)
		return;
	if (rm == 4)
		base = take(r) & 7;
	if (mod == 1) {
		i->offset = (int32_t)take_number(r, 1);
		i->has_offset = !i->vector; /* EVEX scales it */
	} else if (mod == 2) {
		i->offset = (int32_t)take_number(r, 4);
		i->has_offset = true;
	} else if (rm == 5 || base == 5) {
		i->offset = (int32_t)take_number(r, 4);
		i->relative = rm == 5;
		i->absolute = rm != 5;
	} else {
		i->has_offset = true;
	}
}

static bool has_operand(char form)
{
	return form == 'm' || form == 'B' || form == 'Z' || form == 'g' || form == 'G';
}

/* Bytes of the operand behind it all. */
static unsigned immediate_size(const struct x86_instruction *i, char form)
{
	bool wide = i->rex & 8, test = (i->modrm >> 3 & 7) < 2;
	unsigned z = i->operand16 && !wide ? 2 : 4;

	switch (form) {
	case 'b':
	case 'B':
	case 's':
		return 1;
	case 'g':
		return test ? 1 : 0;
	case 'w':
		return 2;
	case 'e':
		return 3;
	case 'z':
	case 'Z':
		return z;
	case 'G':
		return test ? z : 0;
	case 'l':
		return 4;
	case 'v':
		return wide ? 8 : z;
	case 'o':
		return i->address32 ? 4 : 8;
	}
	return 0;
}

int x86_decode(const uint8_t *bytes, size_t len, struct x86_instruction *i)
{
	struct reader r = {.bytes = bytes, .len = len < LENGTH_MAX ? len : LENGTH_MAX};
	char form;

	memset(i, 0, sizeof(*i));
	take_prefixes(&r, i);
	form = take_opcode(&r, i);
	if (form == '!' || form == 'p' || r.short_of)
		return -EINVAL;
	if (form == 'l' && i->operand16 && !(i->rex & 8))
		return -EINVAL; /* processors of two makers disagree on its length */
	if (has_operand(form))
		take_operand(&r, i);
	i->immediate_size = (uint8_t)immediate_size(i, form);
	if (i->immediate_size == 3)
		r.at += 3;
	else if (i->immediate_size)
		i->immediate = take_number(&r, i->immediate_size);
	if (r.short_of || r.at > r.len)
		return -EINVAL;
	i->jumps = form == 's' || form == 'l';
	i->length = (uint8_t)r.at;
	return 0;
}

static enum code_kind kind_of(const struct x86_instruction *i)
{
	if (!i->jumps)
		return CODE_OTHER;
	if (i->map == 0 && i->opcode == 0xe8)
		return CODE_CALL;
	return i->map == 0 && (i->opcode == 0xe9 || i->opcode == 0xeb) ? CODE_JUMP : CODE_BRANCH;
}

static int decode(const uint8_t *bytes, size_t len, uint64_t at, struct code_instruction *out)
{
	struct x86_instruction i;
	int rc = x86_decode(bytes, len, &i);

	if (rc)
		return rc;
	*out = (struct code_instruction){.length = i.length, .kind = kind_of(&i)};
	if (out->kind != CODE_OTHER) {
		out->target = at + i.length + (uint64_t)i.immediate;
		return 0;
	}
	if (!i.thread_relative && !i.address32 && (i.relative || i.absolute)) {
		out->has_memory = true;
		out->memory = (i.relative ? at + i.length : 0) + (uint64_t)(int64_t)i.offset;
	}
	out->has_offset = i.has_offset && !i.thread_relative;
	out->offset = i.offset;
	out->has_immediate = i.immediate_size >= 4;
	out->immediate = (uint64_t)i.immediate;
	return 0;
}

static uint64_t load32(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return (uint64_t)(int64_t)value;
}

/*
 * An operand is four bytes: relative to the end of its instruction, which is there or up to four
 * bytes of another operand further on, or the address itself.
 */
static size_t next_operand(const uint8_t *bytes, size_t size, size_t from, uint64_t base,
			   uint64_t lo, uint64_t hi)
{
	for (size_t i = from; i + 4 <= size; i++) {
		uint64_t value = load32(bytes + i), end = base + i + 4 + value;

		if (end + 4 - lo < hi - lo + 4 || value - lo < hi - lo)
			return i;
	}
	return SIZE_MAX;
}

static size_t next_jump(const uint8_t *bytes, size_t size, size_t from, uint64_t base, uint64_t lo,
			uint64_t hi)
{
	for (size_t i = from; i + 4 <= size; i++) {
		uint64_t target = base + i + 4 + load32(bytes + i);

		if (target - lo >= hi - lo || i < 2)
			continue;
		if ((bytes[i - 1] & 0xfe) == 0xe8 ||
		    (bytes[i - 2] == 0x0f && (bytes[i - 1] & 0xf0) == 0x80))
			return i;
	}
	return SIZE_MAX;
}

const struct code_machine code_x86_64 = {
	.machine = EM_X86_64,
	.relative = R_X86_64_RELATIVE,
	.symbolic = {R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT},
	.decode = decode,
	.emulated = x86_emulated,
	.harmless = x86_harmless,
	.compares = x86_compares,
	.loads = x86_loads,
	.idle = x86_idle,
	.next_operand = next_operand,
	.next_jump = next_jump,
};
