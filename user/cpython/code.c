// SPDX-License-Identifier: Apache-2.0
#include "code.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "linetable.h"
#include "text.h"

/* Bounds of what is believed. The largest line table below 3.12's lib/ is of 71,029 bytes. */
#define LINETABLE_BYTES_MAX (4u << 20)
#define NAMES_MAX 65536u
#define STACK_SLOTS_MAX (1u << 20)

static uint64_t word_at(struct remote *mem, uint64_t base, uint32_t offset)
{
	uint64_t value;

	return py_has(offset) && remote_u64(mem, base + offset, &value) ? value : 0;
}

/* A non-negative int field; -EINVAL where it is none. */
static int int_at(struct remote *mem, uint64_t base, uint32_t offset)
{
	uint32_t value;

	if (!py_has(offset))
		return -EINVAL;
	if (!remote_u32(mem, base + offset, &value))
		return -EFAULT;
	return value > INT_MAX ? -EINVAL : (int)value;
}

/*
 * The type's own name is the one thing that all versions' code objects share and nothing else in a
 * heap has.
 */
static int check_code(const struct py_layout *l, struct remote *mem, uint64_t addr)
{
	uint64_t type, name;
	char text[8];

	if (!remote_plausible(addr))
		return -EINVAL;
	if (!remote_u64(mem, addr + l->ob_type, &type))
		return -EFAULT;
	if (!remote_plausible(type))
		return -EINVAL;
	name = word_at(mem, type, l->tp_name);
	if (remote_cstr(mem, name, text, sizeof(text)) < 0 || strcmp(text, "code") != 0)
		return -EINVAL;
	return 0;
}

int py_code_read(const struct py_layout *l, struct remote *mem, uint64_t addr, struct py_code *out)
{
	uint32_t name = py_has(l->co_qualname) ? l->co_qualname : l->co_name;
	ssize_t len;
	int rc;

	memset(out, 0, sizeof(*out));
	rc = check_code(l, mem, addr);
	if (rc)
		return rc;
	out->address = addr;
	out->first_line = int_at(mem, addr, l->co_firstlineno);
	if (out->first_line < 0)
		return out->first_line;
	len = py_text(l, mem, word_at(mem, addr, l->co_filename), out->file, sizeof(out->file));
	if (len >= 0)
		len = py_text(l, mem, word_at(mem, addr, name), out->function,
			      sizeof(out->function));
	return len < 0 ? (int)len : 0;
}

/*
 * What the frame's instruction field holds while a call, or a store, is under way:
 *
 *	3.8, 3.9   f_lasti, bytes: the instruction itself; -1 before the first
 *		   (Include/frameobject.h, Python/ceval.c)
 *	3.10	   f_lasti, code units of two bytes
 *	3.11, 3.12 prev_instr, a pointer: the instruction itself or, when it called a Python
 *		   function without a C recursion, the last of its inline caches, which belong to
 *		   the line of their instruction; one unit in front of the code before the first
 *		   (Python/ceval.c, Python/bytecodes.c)
 *	3.13 on	   instr_ptr, a pointer: the instruction itself also during a call; what
 *		   return_offset adds is added when the call returns (Python/bytecodes.c,
 *		   Include/internal/pycore_frame.h)
 *
 * so that the line of exactly this place is the right one everywhere. Negative: execution has not
 * begun.
 */
static int64_t instruction_offset(const struct py_layout *l, uint64_t code, uint64_t instr)
{
	if (l->facts.lasti_units)
		return (int64_t)(int32_t)instr * l->facts.lasti_units;
	return (int64_t)(instr - (code + l->co_code_adaptive));
}

static int read_table(const struct py_layout *l, struct remote *mem, uint64_t code, uint8_t **table,
		      size_t *len)
{
	uint64_t bytes = word_at(mem, code, l->co_linetable), size;
	int rc;

	if (!remote_plausible(bytes))
		return -EINVAL;
	if (!remote_u64(mem, bytes + l->ob_size, &size))
		return -EFAULT;
	if (size > LINETABLE_BYTES_MAX)
		return -EINVAL;
	*len = (size_t)size;
	*table = malloc(*len + 1);
	if (!*table)
		return -ENOMEM;
	rc = *len ? remote_read(mem, bytes + l->by_data, *table, *len) : 0;
	if (rc)
		free(*table);
	return rc;
}

int py_code_line(const struct py_layout *l, struct remote *mem, uint64_t code, uint64_t instr)
{
	int first = int_at(mem, code, l->co_firstlineno);
	int64_t offset = instruction_offset(l, code, instr);
	uint8_t *table;
	size_t len;
	int rc;

	if (first < 0)
		return first;
	if (offset < 0 && offset >= -2)
		return first;
	if (offset < 0 || offset > INT_MAX)
		return -EINVAL;
	rc = read_table(l, mem, code, &table, &len);
	if (rc)
		return rc;
	rc = linetable_line(linetable_format_of(l->minor), table, len, first, (uint32_t)offset);
	free(table);
	return rc;
}

/* Length of a tuple of names; -EINVAL on an implausible one. */
static int names_count(const struct py_layout *l, struct remote *mem, uint64_t tuple)
{
	uint64_t size;

	if (!remote_plausible(tuple))
		return -EINVAL;
	if (!remote_u64(mem, tuple + l->ob_size, &size))
		return -EFAULT;
	return size > NAMES_MAX ? -EINVAL : (int)size;
}

/* The tuples that name the slots, in the order of the slots; 0 ends the list. */
static void name_tuples(const struct py_layout *l, struct remote *mem, uint64_t code,
			uint64_t tuples[4])
{
	memset(tuples, 0, 4 * sizeof(tuples[0]));
	if (py_has(l->co_localsplusnames)) {
		tuples[0] = word_at(mem, code, l->co_localsplusnames);
		return;
	}
	tuples[0] = word_at(mem, code, l->co_varnames);
	tuples[1] = word_at(mem, code, l->co_cellvars);
	tuples[2] = word_at(mem, code, l->co_freevars);
}

int py_code_varname(const struct py_layout *l, struct remote *mem, uint64_t code, unsigned index,
		    char *buf, size_t cap)
{
	uint64_t tuples[4];

	name_tuples(l, mem, code, tuples);
	for (unsigned int i = 0; tuples[i]; i++) {
		int count = names_count(l, mem, tuples[i]);
		ssize_t len;

		if (count < 0)
			return count;
		if (index < (unsigned int)count) {
			len = py_text(l, mem, word_at(mem, tuples[i], l->tu_item + 8 * index), buf,
				      cap);
			return len < 0 ? (int)len : 0;
		}
		index -= (unsigned int)count;
	}
	return -ENOENT;
}

int py_code_slots(const struct py_layout *l, struct remote *mem, uint64_t code, unsigned *named,
		  unsigned *stack)
{
	uint64_t tuples[4];
	int depth = int_at(mem, code, l->co_stacksize);
	uint32_t locals_field = py_has(l->co_nlocalsplus) ? l->co_nlocalsplus : l->co_nlocals;
	int locals = int_at(mem, code, locals_field);
	unsigned int total = 0;

	if (depth < 0 || (unsigned int)depth > STACK_SLOTS_MAX)
		return -EINVAL;
	name_tuples(l, mem, code, tuples);
	for (unsigned int i = 0; tuples[i]; i++) {
		int count = names_count(l, mem, tuples[i]);

		/* The first tuple has a name for each of the code object's locals. */
		if (count < 0 || (i == 0 && count != locals))
			return -EINVAL;
		total += (unsigned int)count;
	}
	if (!tuples[0])
		return -EINVAL;
	*named = total;
	*stack = (unsigned int)depth;
	return 0;
}
