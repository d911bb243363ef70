// SPDX-License-Identifier: Apache-2.0
#include "image_end.h"

#include <elf.h>
#include <string.h>

#define PAGE 4096u
#define SEGMENTS_MAX 64

uint64_t image_end(struct remote *mem, uint64_t base)
{
	Elf64_Phdr segment[SEGMENTS_MAX];
	uint64_t first = UINT64_MAX, end = 0;
	Elf64_Ehdr head;

	if (remote_read(mem, base, &head, sizeof(head)) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(segment[0]) || head.e_phnum > SEGMENTS_MAX ||
	    head.e_phoff > PAGE ||
	    remote_read(mem, base + head.e_phoff, segment, head.e_phnum * sizeof(segment[0])))
		return 0;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		uint64_t to = segment[i].p_vaddr + segment[i].p_memsz;

		if (segment[i].p_type != PT_LOAD || to < segment[i].p_vaddr)
			continue;
		first = segment[i].p_vaddr < first ? segment[i].p_vaddr : first;
		end = to > end ? to : end;
	}
	if (end <= first || end - first > REMOTE_ADDR_MAX)
		return 0;
	return (base - (first & ~(uint64_t)(PAGE - 1)) + end + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}
