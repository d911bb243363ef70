// SPDX-License-Identifier: Apache-2.0
/*
 * Call frame information as libdw reads it and as we do: the same answer everywhere in the images
 * of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dwarf.h>
#include <elfutils/libdw.h>

#include "../../user/elf/cfi.h"
#include "../../user/target/maps.h"

#define STEP 41 /* bytes; a prime, so that functions are hit anywhere */
#define REG_BP 6
#define REG_SP 7

struct counts {
	unsigned same, nowhere, unsupported;
};

/* What libdw says of the frame at @vaddr; -ENOENT, or -EOPNOTSUPP where it needs more registers. */
static int oracle(Dwarf_CFI *cfi, uint64_t vaddr, struct cfi_row *row)
{
	Dwarf_Op memory[3], *ops;
	Dwarf_Frame *frame;
	size_t count;
	int err = 0;

	if (dwarf_cfi_addrframe(cfi, vaddr, &frame))
		return -ENOENT;
	memset(row, 0, sizeof(*row));
	assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
	if (count == 1 && ops->atom == DW_OP_bregx &&
	    (ops->number == REG_SP || ops->number == REG_BP)) {
		row->cfa = ops->number == REG_SP ? CFI_CFA_SP : CFI_CFA_BP;
		row->cfa_offset = (int32_t)ops->number2;
	} else if (count == 2 && ops[0].atom == DW_OP_breg6 && ops[1].atom == DW_OP_deref) {
		row->cfa = CFI_CFA_AT_BP;
		row->cfa_offset = (int32_t)ops->number;
	} else if (count == 8) {
		row->cfa = CFI_CFA_PLT;
	} else {
		err = -EOPNOTSUPP;
	}
	assert_int_equal(dwarf_frame_register(frame, REG_BP, memory, &ops, &count), 0);
	row->bp = CFI_BP_SAME;
	if (count == 2 && ops[0].atom == DW_OP_call_frame_cfa) {
		row->bp = CFI_BP_AT_CFA;
		row->bp_offset = (int32_t)ops[1].number;
	} else if (count == 1 && ops[0].atom == DW_OP_breg6) {
		row->bp = CFI_BP_AT_BP;
		row->bp_offset = (int32_t)ops[0].number;
	}
	free(frame);
	return err;
}

static void compare_at(const struct image *img, Dwarf_CFI *cfi, uint64_t vaddr, struct counts *c)
{
	struct cfi_row ours = { 0 }, theirs;
	int rc = cfi_row(img, vaddr, &ours), expected = oracle(cfi, vaddr, &theirs);

	if (expected == -ENOENT) {
		assert_int_equal(rc, -ENOENT);
		c->nowhere++;
	} else if (expected || rc == -EOPNOTSUPP || ours.cfa == CFI_CFA_SIGNAL || ours.outermost) {
		c->unsupported++;
	} else {
		assert_int_equal(rc, 0);
		assert_int_equal(ours.cfa, theirs.cfa);
		assert_int_equal(ours.bp, theirs.bp);
		assert_int_equal(ours.return_offset, -8);
		if (ours.cfa != CFI_CFA_PLT)
			assert_int_equal(ours.cfa_offset, theirs.cfa_offset);
		if (ours.bp != CFI_BP_SAME)
			assert_int_equal(ours.bp_offset, theirs.bp_offset);
		c->same++;
	}
}

/* Everywhere in the mapping of code @m. */
static void compare_mapping(const struct map *m, struct counts *c)
{
	int fd = open(m->path, O_RDONLY | O_CLOEXEC);
	struct image *img;
	struct err e = { 0 };
	Dwarf_CFI *cfi;
	uint64_t bias;
	Elf *elf;

	if (fd < 0) /* the vdso */
		return;
	assert_int_equal(image_open_fd(&img, fd, m->path, &e), 0);
	assert_int_equal(image_bias(img, m->start, m->offset, &bias), 0);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	cfi = dwarf_getcfi_elf(elf);
	assert_non_null(cfi);
	for (uint64_t at = m->start; at < m->end; at += STEP)
		compare_at(img, cfi, at - bias, c);
	dwarf_cfi_end(cfi);
	elf_end(elf);
	image_close(img);
	close(fd);
}

static void agrees_with_libdw(void **state)
{
	struct counts c = { 0 };
	struct maps maps;

	(void)state;
	assert_int_equal(maps_read(&maps, getpid()), 0);
	for (size_t i = 0; i < maps.count; i++)
		if ((maps.map[i].prot & MAP_X) &&
		    (strstr(maps.map[i].path, "/libc.so") || strstr(maps.map[i].path, "/libdw") ||
		     strstr(maps.map[i].path, "/t_cfi")))
			compare_mapping(&maps.map[i], &c);
	maps_release(&maps);
	assert_true(c.same > 20000);
	assert_true(c.nowhere > 0);
	assert_true(c.unsupported < c.same / 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_libdw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
