// SPDX-License-Identifier: Apache-2.0
/*
 * A code object: names, file, and the line of an instruction.
 */
#ifndef PYLEAK_CPYTHON_CODE_H
#define PYLEAK_CPYTHON_CODE_H

#include <stdint.h>

#include "../target/memory.h"
#include "layout.h"

struct py_code {
	uint64_t address;
	int first_line;
	char file[256];	    /* co_filename */
	char function[128]; /* co_qualname, before 3.11 co_name */
};

/* Read and check the code object at @addr: -EINVAL where it is none, or -errno of the read. */
int py_code_read(const struct py_layout *l, struct remote *mem, uint64_t addr, struct py_code *out);

/*
 * The source line of @instr (what the frame's instruction field holds: a pointer from 3.11, f_lasti
 * before) in the code object at @code; first line where execution has not begun; -ENOENT where the
 * table has no line there, or -errno.
 */
int py_code_line(const struct py_layout *l, struct remote *mem, uint64_t code, uint64_t instr);

/*
 * Name of local variable slot @index of the code object (arguments, locals, cells, free variables
 * in frame order).
 */
int py_code_varname(const struct py_layout *l, struct remote *mem, uint64_t code, unsigned index,
		    char *buf, size_t cap);

/* Number of named slots, and of stack slots behind them; -EINVAL on implausible values. */
int py_code_slots(const struct py_layout *l, struct remote *mem, uint64_t code, unsigned *named,
		  unsigned *stack);

#endif
