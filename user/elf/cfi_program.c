// SPDX-License-Identifier: Apache-2.0
#include <dwarf.h>
#include <errno.h>

#include "cfi_entry.h"

#define REMEMBERED_MAX 16

/* Registers, x86-64 psABI, figure 3.36. */
#define REG_BP 6
#define REG_SP 7

/* A row being computed; rows repeat through DW_CFA_remember_state. */
struct machine {
	struct cfi_row row, initial, remembered[REMEMBERED_MAX];
	unsigned depth;
	bool unsupported_cfa, unsupported_rule;
};

/* A small offset, or 0 and unsupported: frames of 2 GiB do not exist. */
static int32_t offset_of(int64_t value, bool *unsupported)
{
	if (value > INT32_MAX || value < INT32_MIN) {
		*unsupported = true;
		return 0;
	}
	return (int32_t)value;
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->unsupported_cfa = reg != REG_SP && reg != REG_BP;
	m->row.cfa = reg == REG_SP ? CFI_CFA_SP : CFI_CFA_BP;
	m->row.cfa_offset = offset_of(offset, &m->unsupported_cfa);
}

/*
 * The expressions that compilers and linkers write for the frame, as bytes:
 *
 *	77 08 80 00 3f 1a 3b 2a 33 24 22	breg7 8, breg16 0, lit15, and, lit11, ge, lit3,
 *						shl, plus
 *	76 OFFSET 06				breg6 OFFSET, deref
 */
static void set_cfa_expression(struct machine *m, const uint8_t *bytes, uint64_t size)
{
	static const uint8_t plt_head[] = { DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15,
					    DW_OP_and };
	static const uint8_t plt_tail[] = { DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	size_t head = sizeof(plt_head);

	m->unsupported_cfa = false;
	if (size == head + 1 + sizeof(plt_tail) && !memcmp(bytes, plt_head, head) &&
	    !memcmp(bytes + head + 1, plt_tail, sizeof(plt_tail)) && bytes[head] >= DW_OP_lit0 &&
	    bytes[head] <= DW_OP_lit15) {
		m->row.cfa = CFI_CFA_PLT;
		m->row.plt_bytes = bytes[head] - DW_OP_lit0;
		return;
	}
	if (size > 2 && bytes[0] == DW_OP_breg6 && bytes[size - 1] == DW_OP_deref) {
		struct cursor c = { .at = bytes + 1, .end = bytes + size - 1 };

		m->row.cfa = CFI_CFA_AT_BP;
		m->row.cfa_offset = offset_of(take_sleb(&c), &m->unsupported_cfa);
		if (!c.bad && c.at == c.end)
			return;
	}
	m->unsupported_cfa = true;
}

static void set_offset(struct machine *m, uint64_t reg, int64_t offset)
{
	if (reg == REG_BP) {
		m->row.bp = CFI_BP_AT_CFA;
		m->row.bp_offset = offset_of(offset, &m->unsupported_rule);
	} else if (reg == REG_RETURN) {
		m->row.outermost = false;
		m->row.return_offset = offset_of(offset, &m->unsupported_rule);
	}
}

static void set_expression(struct machine *m, uint64_t reg, const uint8_t *bytes, uint64_t size)
{
	if (reg == REG_RETURN) {
		m->unsupported_rule = true;
	} else if (reg == REG_BP && size > 1 && bytes[0] == DW_OP_breg6) {
		struct cursor c = { .at = bytes + 1, .end = bytes + size };

		m->row.bp = CFI_BP_AT_BP;
		m->row.bp_offset = offset_of(take_sleb(&c), &m->unsupported_rule);
		if (c.bad || c.at != c.end)
			m->unsupported_rule = true;
	} else if (reg == REG_BP) {
		m->unsupported_rule = true;
	}
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg == REG_BP) {
		m->row.bp = m->initial.bp;
		m->row.bp_offset = m->initial.bp_offset;
	} else if (reg == REG_RETURN) {
		m->row.outermost = m->initial.outermost;
		m->row.return_offset = m->initial.return_offset;
	}
}

static int remember(struct machine *m)
{
	if (m->depth == REMEMBERED_MAX)
		return -EINVAL;
	m->remembered[m->depth++] = m->row;
	return 0;
}

static int recall(struct machine *m)
{
	if (m->depth == 0)
		return -EINVAL;
	m->row = m->remembered[--m->depth];
	m->unsupported_cfa = false;
	return 0;
}

/* Instructions with registers and offsets; operands are taken in the order that they are stored. */
static int execute_rule(struct machine *m, const struct cie *cie, struct cursor *c, uint8_t op)
{
	uint64_t reg, size;
	const uint8_t *block;

	switch (op) {
	case DW_CFA_remember_state:
		return remember(m);
	case DW_CFA_restore_state:
		return recall(m);
	case DW_CFA_def_cfa_offset:
		m->row.cfa_offset = offset_of((int64_t)take_uleb(c), &m->unsupported_cfa);
		return 0;
	case DW_CFA_def_cfa_offset_sf:
		m->row.cfa_offset =
			offset_of((int32_t)take_sleb(c) * (int64_t)(int32_t)cie->data_align,
				  &m->unsupported_cfa);
		return 0;
	case DW_CFA_def_cfa_expression:
		size = take_uleb(c);
		block = take_block(c, size);
		if (block)
			set_cfa_expression(m, block, size);
		return 0;
	case DW_CFA_GNU_args_size:
		take_uleb(c);
		return 0;
	}
	reg = take_uleb(c);
	switch (op) {
	case DW_CFA_offset_extended:
		set_offset(m, reg, (int32_t)take_uleb(c) * (int64_t)(int32_t)cie->data_align);
		return 0;
	case DW_CFA_offset_extended_sf:
		set_offset(m, reg, (int32_t)take_sleb(c) * (int64_t)(int32_t)cie->data_align);
		return 0;
	case DW_CFA_restore_extended:
		restore(m, reg);
		return 0;
	case DW_CFA_undefined:
		if (reg == REG_RETURN)
			m->row.outermost = true;
		return 0;
	case DW_CFA_same_value:
		if (reg == REG_BP)
			m->row.bp = CFI_BP_SAME;
		return 0;
	case DW_CFA_register:
	case DW_CFA_val_offset:
	case DW_CFA_val_offset_sf:
		take_uleb(c); /* of a register that is not followed, or the row is of no use */
		m->unsupported_rule |= reg == REG_RETURN || reg == REG_BP;
		return 0;
	case DW_CFA_def_cfa:
		set_cfa(m, reg, (int64_t)take_uleb(c));
		return 0;
	case DW_CFA_def_cfa_sf:
		set_cfa(m, reg, (int32_t)take_sleb(c) * (int64_t)(int32_t)cie->data_align);
		return 0;
	case DW_CFA_def_cfa_register:
		set_cfa(m, reg, m->row.cfa_offset);
		return 0;
	case DW_CFA_expression:
	case DW_CFA_val_expression:
		size = take_uleb(c);
		block = take_block(c, size);
		if (block && op == DW_CFA_expression)
			set_expression(m, reg, block, size);
		else
			m->unsupported_rule |= reg == REG_RETURN || reg == REG_BP;
		return 0;
	}
	return -EOPNOTSUPP;
}

/*
 * Run the instructions in @e up to @vaddr; @location is where they begin. Each takes at least one
 * byte, so the size of the entry bounds the loop.
 */
static int execute(struct machine *m, const struct cie *cie, struct entry *e, uint64_t location,
		   uint64_t vaddr)
{
	struct cursor *c = &e->rest;
	bool supported;
	int err = 0;

	while (c->at < c->end && !err) {
		uint8_t op = (uint8_t)take(c, 1), low = op & 0x3f;

		if ((op & 0xc0) == DW_CFA_offset) {
			set_offset(m, low,
				   (int32_t)take_uleb(c) * (int64_t)(int32_t)cie->data_align);
		} else if ((op & 0xc0) == DW_CFA_restore) {
			restore(m, low);
		} else if ((op & 0xc0) == DW_CFA_advance_loc) {
			location += low * cie->code_align;
		} else if (op == DW_CFA_set_loc) {
			location = take_pointer(e, cie->encoding, &supported);
			err = supported ? 0 : -EOPNOTSUPP;
		} else if (op >= DW_CFA_advance_loc1 && op <= DW_CFA_advance_loc4) {
			location += take(c, 1U << (op - DW_CFA_advance_loc1)) * cie->code_align;
		} else if (op != DW_CFA_nop) {
			err = execute_rule(m, cie, c, op);
		}
		if (location > vaddr)
			break;
	}
	return c->bad ? -EINVAL : err;
}

int cfi_run(struct cie *cie, struct fde *fde, uint64_t vaddr, struct cfi_row *row)
{
	struct machine m = { .row = { .bp = CFI_BP_SAME, .return_offset = -8 } };
	int err = execute(&m, cie, &cie->entry, 0, UINT64_MAX);

	m.initial = m.row;
	if (!err)
		err = execute(&m, cie, &fde->entry, fde->start, vaddr);
	if (!err && cie->signal)
		m.row.cfa = CFI_CFA_SIGNAL;
	else if (!err && (m.unsupported_cfa || m.unsupported_rule || !m.row.cfa))
		err = -EOPNOTSUPP;
	*row = m.row;
	return err;
}
