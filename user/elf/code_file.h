// SPDX-License-Identifier: Apache-2.0
/*
 * What the parts of code.h share. Not for other folders.
 */
#ifndef PYLEAK_ELF_CODE_FILE_H
#define PYLEAK_ELF_CODE_FILE_H

#include "code.h"
#include "image_file.h"

#define CODE_NO_REGISTER 32

/* What differs between architectures: one table each. */
struct code_machine {
	uint16_t machine;      /* e_machine */
	uint32_t relative;     /* relocations: base + addend */
	uint32_t symbolic[3];  /* symbol + addend */
	/* Decode the instruction of at most @len bytes at @bytes, address @at; -EINVAL: unknown. */
	int (*decode)(const uint8_t *bytes, size_t len, uint64_t at, struct code_instruction *out);
	enum code_emulated (*emulated)(const uint8_t *bytes, size_t len);
	/*
	 * May a probe behind this instruction stand for one at the entry: does it leave the stack
	 * pointer and the arguments alone, and go on with the next?
	 */
	bool (*harmless)(const uint8_t *bytes, size_t len, bool first_is_free);
	/*
	 * Does it compare a whole register with an operand that is an address: register @reg, or
	 * where that is CODE_NO_REGISTER one in the instruction itself?
	 */
	bool (*compares)(const uint8_t *bytes, size_t len, unsigned reg);
	/* The register that gets an address which is in the instruction; CODE_NO_REGISTER: none. */
	unsigned (*loads)(const uint8_t *bytes, size_t len);
	/* The length of an instruction that does nothing (a nop, a landing pad), else 0. */
	size_t (*idle)(const uint8_t *bytes, size_t len);
	/*
	 * Next place at or behind @from in code bytes (of @size, at address @base) where an
	 * operand may be that refers to [@lo, @hi): SIZE_MAX where there is none.
	 */
	size_t (*next_operand)(const uint8_t *bytes, size_t size, size_t from, uint64_t base,
			       uint64_t lo, uint64_t hi);
	/* The same for calls, jumps and branches that are not short. */
	size_t (*next_jump)(const uint8_t *bytes, size_t size, size_t from, uint64_t base,
			    uint64_t lo, uint64_t hi);
};

extern const struct code_machine code_x86_64;

/* The file's part of a PT_LOAD, relocated if it is writable. */
struct code_segment {
	uint64_t vaddr, size, offset;
	uint32_t flags;
	uint8_t *bytes; /* owned, never NULL */
};

struct code {
	const struct code_machine *machine;
	bool absolute; /* linked to run at its link addresses: they may be in instructions */
	struct code_segment segment[IMAGE_SEGMENTS_MAX];
	size_t segments;
	uint64_t relro_start, relro_end;
	uint64_t eh_frame_hdr, eh_frame_hdr_size; /* link address */
	uint64_t dynamic, dynamic_size;		  /* PT_DYNAMIC */
	struct code_function *function;		  /* owned, by address, not overlapping */
	size_t functions;
};

/* Fill c->function from .eh_frame_hdr: 0, -ENOTSUP where there is no usable one, -ENOMEM. */
int code_read_functions(struct code *c);
/* Apply dynamic relocations to the writable segments; what is damaged is left as it is. */
void code_relocate(struct code *c);
/* The segment with @len bytes at @address; NULL where none has them all. */
const struct code_segment *code_segment_of(const struct code *c, uint64_t address, size_t len);

#endif
