// SPDX-License-Identifier: Apache-2.0
/*
 * From an offset in bytecode to a source line: pure functions over the bytes of a code object's
 * line table.
 *
 * The bytes come from another process and may be anything. Every function reads only inside [table,
 * table + len), takes at most len steps, and answers -EINVAL rather than guess where an entry is
 * cut off by the end or leaves the range of a line number. The three formats, as CPython documents
 * and reads them:
 *
 * co_lnotab, 3.8 and 3.9 (Objects/lnotab_notes.txt, PyCode_Addr2Line() in Objects/codeobject.c):
 * pairs
 *
 *	+-----------+----------+-----------+----------+--
 *	| u8 addr + | s8 line +| u8 addr + | s8 line +| ...
 *	+-----------+----------+-----------+----------+--
 *	the line of offset x is co_firstlineno plus the line steps of all pairs whose address
 *	sum is <= x; steps that do not fit in a byte are split over several pairs, (255, 0) or
 *	(0, 127). Nothing ends the last line.
 *
 * co_linetable, 3.10 (Objects/lnotab_notes.txt of 3.10, advance() in Objects/codeobject.c): pairs
 *
 *	+--------+----------+--------+----------+--
 *	| u8 len | s8 line +| u8 len | s8 line +| ...
 *	+--------+----------+--------+----------+--
 *	the line holds for the len bytes that follow; -128: they have none, and the running line
 *	stays
 *
 * co_linetable, 3.11 and later (Objects/locations.md, since 3.13 InternalDocs/code_objects.md):
 * entries
 *
 *	+---+------+-----+-- - --+
 *	| 1 | kind | len | bytes |	kind: 4 bits; len: 3 bits, 2-byte code units minus 1;
 *	+---+------+-----+-- - --+	the bytes have bit 7 clear
 *	kind  0..9   columns in one byte          line +0
 *	kind 10..12  columns in two bytes         line + (kind - 10)
 *	kind 13      svarint line step            no columns
 *	kind 14      svarint line step, varints   end line, columns
 *	kind 15      nothing: the units have no line, and the running line stays
 *	A varint has 6 bits a byte, lowest first, bit 6 says that more follow; an svarint holds
 *	the sign in its bit 0.
 *	Inline caches belong to the range of their instruction.
 */
#ifndef PYLEAK_CPYTHON_LINETABLE_H
#define PYLEAK_CPYTHON_LINETABLE_H

#include <stddef.h>
#include <stdint.h>

enum linetable_format {
	LINETABLE_LNOTAB,    /* 3.8, 3.9 */
	LINETABLE_RANGES,    /* 3.10 */
	LINETABLE_LOCATIONS, /* 3.11 and later */
};

/* The format that CPython 3.@minor writes. */
enum linetable_format linetable_format_of(int minor);

/*
 * The line of the instruction at @offset bytes in a code object whose co_firstlineno is
 * @first_line. At least 0; -ENOENT where the table gives that instruction no line or ends before
 * it; -EINVAL where the table is damaged.
 */
int linetable_line(enum linetable_format format, const uint8_t *table, size_t len, int first_line,
		   uint32_t offset);

#endif
