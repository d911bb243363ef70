// SPDX-License-Identifier: Apache-2.0
/*
 * Call frame information: where a function's caller is found from a point inside it (.eh_frame and
 * its search table .eh_frame_hdr, which every x86-64 program carries for exceptions, also stripped;
 * LSB core 5.0, "Exception Frames", and DWARF 4, 6.4).
 *
 * Read piece by piece from the image, not through libdw: that reads from .eh_frame to the end of
 * the file at once, hundreds of MiB of a large library. The file is hostile: every length is
 * checked, every program is bounded.
 *
 * Only instruction, stack and frame pointer are followed. Compilers compute the frame from these
 * two, but for a handful of hand-written functions: there the answer is -EOPNOTSUPP.
 */
#ifndef PYLEAK_ELF_CFI_H
#define PYLEAK_ELF_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

/* Where the frame begins: the canonical frame address, which is the caller's stack pointer. */
enum cfi_cfa {
	CFI_CFA_SP = 1,	   /* sp + cfa_offset */
	CFI_CFA_BP,	   /* bp + cfa_offset */
	CFI_CFA_AT_BP,	   /* the word at bp + cfa_offset: the function realigned its stack */
	CFI_CFA_PLT,	   /* sp + 8, and 8 more behind a stub's push, at its 11th byte or 10th */
	CFI_CFA_SIGNAL,	   /* a signal's frame: the kernel saved all registers in it */
};

/* Where the caller's frame pointer is. */
enum cfi_bp {
	CFI_BP_SAME = 1, /* still in the register */
	CFI_BP_AT_CFA,	 /* in memory at CFA + bp_offset */
	CFI_BP_AT_BP,	 /* in memory at bp + bp_offset */
};

/* What holds at one instruction. The return address lies at CFA + return_offset. */
struct cfi_row {
	enum cfi_cfa cfa;
	enum cfi_bp bp;
	int32_t cfa_offset, bp_offset, return_offset;
	uint8_t plt_bytes; /* CFI_CFA_PLT: how many bytes of the stub end with the push */
	bool outermost;	   /* nobody called it: a thread's first function */
};

/*
 * The function, or the part of one, that holds link address @vaddr: *@start and *@end, not
 * included. 0, -ENOENT where no entry covers it, -EINVAL where the tables are damaged, -EOPNOTSUPP
 * where they have a form that no linker writes.
 */
int cfi_function(const struct image *img, uint64_t vaddr, uint64_t *start, uint64_t *end);

/* The row for link address @vaddr. 0, or as above. */
int cfi_row(const struct image *img, uint64_t vaddr, struct cfi_row *row);

#endif
