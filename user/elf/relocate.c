// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "code_file.h"

#define DYNAMIC_MAX 4096	/* entries of PT_DYNAMIC looked at */
#define RELOCATIONS_MAX 4000000 /* applied of one table; libpython has about 30,000 */

struct tables {
	uint64_t rela, rela_size, plt, plt_size, symbols;
};

static void read_dynamic(const struct code *c, struct tables *t)
{
	uint64_t count = c->dynamic_size / sizeof(Elf64_Dyn);

	for (uint64_t i = 0; i < count && i < DYNAMIC_MAX; i++) {
		const uint8_t *at = code_bytes(c, c->dynamic + i * sizeof(Elf64_Dyn),
					       sizeof(Elf64_Dyn));
		Elf64_Dyn entry;

		if (!at)
			return;
		memcpy(&entry, at, sizeof(entry));
		switch (entry.d_tag) {
		case DT_NULL:
			return;
		case DT_RELA:
			t->rela = entry.d_un.d_ptr;
			break;
		case DT_RELASZ:
			t->rela_size = entry.d_un.d_val;
			break;
		case DT_JMPREL:
			t->plt = entry.d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			t->plt_size = entry.d_un.d_val;
			break;
		case DT_SYMTAB:
			t->symbols = entry.d_un.d_ptr;
			break;
		}
	}
}

/* What is not in writable data stays as it is: code is not patched. */
static void set_word(struct code *c, uint64_t address, uint64_t value)
{
	const struct code_segment *s = code_segment_of(c, address, sizeof(value));

	if (s && s->flags & PF_W)
		memcpy(s->bytes + (address - s->vaddr), &value, sizeof(value));
}

/* The symbol's value where it is defined here; 0 where another image has it. */
static uint64_t symbol_value(const struct code *c, const struct tables *t, uint32_t index)
{
	const uint8_t *at = t->symbols ? code_bytes(c,
						    t->symbols + (uint64_t)index *
									 sizeof(Elf64_Sym),
						    sizeof(Elf64_Sym))
				       : NULL;
	Elf64_Sym symbol;

	if (!at)
		return 0;
	memcpy(&symbol, at, sizeof(symbol));
	return symbol.st_shndx == SHN_UNDEF ? 0 : symbol.st_value;
}

static void apply_rela(struct code *c, const struct tables *t, uint64_t table, uint64_t size)
{
	const struct code_machine *m = c->machine;
	uint64_t count = table ? size / sizeof(Elf64_Rela) : 0;
	const uint8_t *at;

	if (count > RELOCATIONS_MAX)
		return;
	at = code_bytes(c, table, count * sizeof(Elf64_Rela));
	for (uint64_t i = 0; at && i < count; i++) {
		Elf64_Rela r;
		uint32_t type;
		uint64_t value;

		memcpy(&r, at + i * sizeof(r), sizeof(r));
		type = ELF64_R_TYPE(r.r_info);
		if (type == m->relative) {
			set_word(c, r.r_offset, (uint64_t)r.r_addend);
		} else if (type == m->symbolic[0] || type == m->symbolic[1] ||
			   type == m->symbolic[2]) {
			value = symbol_value(c, t, (uint32_t)ELF64_R_SYM(r.r_info));
			if (value)
				set_word(c, r.r_offset, value + (uint64_t)r.r_addend);
		}
	}
}

/*
 * DT_RELR needs no work: the addend lies where it is applied, and with a load bias of 0 the word is
 * right already.
 */
void code_relocate(struct code *c)
{
	struct tables t = {0};

	read_dynamic(c, &t);
	apply_rela(c, &t, t.rela, t.rela_size);
	apply_rela(c, &t, t.plt, t.plt_size);
}
