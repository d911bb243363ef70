// SPDX-License-Identifier: Apache-2.0
/* Images read out of memory: this program's own C library, and mappings that are no image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../user/target/memory_image.h"

/* The mapping that holds @addr, moved to the first of its file. */
static const struct map *first_of(const struct maps *maps, uint64_t addr)
{
	const struct map *m = maps_find(maps, addr);

	assert_non_null(m);
	while (m > maps->map && m[-1].inode == m->inode)
		m--;
	return m;
}

static void library_in_memory_has_its_symbols(void **state)
{
	struct image_symbol symbol;
	const struct map *first;
	struct image *img;
	struct remote mem;
	struct maps maps;
	uint64_t bias;

	(void)state;
	remote_init(&mem, getpid());
	assert_int_equal(maps_read(&maps, getpid()), 0);
	first = first_of(&maps, (uint64_t)(uintptr_t)stdout);
	assert_int_equal(image_open_memory(&img, &mem, &maps, first, NULL), 0);
	assert_int_equal(image_bias(img, first->start, first->offset, &bias), 0);
	assert_int_equal(image_symbol(img, "_IO_2_1_stdout_", &symbol), 0);
	assert_int_equal(symbol.value + bias, (uint64_t)(uintptr_t)stdout);
	assert_int_equal(image_symbol(img, "no_such_symbol", &symbol), -ENOENT);
	assert_true(strlen(image_build_id(img)) == 40);
	assert_false(image_has_symtab(img));
	image_close(img);
	maps_release(&maps);
}

/* What image_open_memory() says of a file with that beginning, mapped from @offset. */
static int open_bytes(const void *bytes, size_t len, off_t offset)
{
	struct image *img = NULL;
	struct remote mem;
	struct maps maps;
	void *at;
	int fd, rc;

	fd = memfd_create("image", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(ftruncate(fd, 65536), 0);
	at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, offset);
	assert_true(at != MAP_FAILED);
	remote_init(&mem, getpid());
	assert_int_equal(maps_read(&maps, getpid()), 0);
	rc = image_open_memory(&img, &mem, &maps, maps_find(&maps, (uint64_t)(uintptr_t)at), NULL);
	if (!rc)
		image_close(img);
	maps_release(&maps);
	munmap(at, 8192);
	close(fd);
	return rc;
}

static void what_is_no_image_is_refused(void **state)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segment[2];
	} file = {
		.head = {
			.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.segment = {
			{.p_type = PT_LOAD, .p_filesz = 8192, .p_memsz = 8192, .p_align = 4096},
			{.p_type = PT_DYNAMIC, .p_offset = 4096, .p_filesz = 16, .p_memsz = 16},
		},
	};

	(void)state;
	assert_int_equal(open_bytes(&file, sizeof(file), 4096), -EINVAL);
	assert_int_equal(open_bytes("no image", 8, 0), -EINVAL);
	file.head.e_phnum = 0xffff;
	assert_int_equal(open_bytes(&file, sizeof(file), 0), -EINVAL);
	file.head.e_phnum = 2;
	file.head.e_phoff = UINT64_MAX - 8;
	assert_int_equal(open_bytes(&file, sizeof(file), 0), -EINVAL);
	file.head.e_phoff = sizeof(Elf64_Ehdr);
	file.segment[0].p_vaddr = UINT64_MAX & ~4095ULL; /* above where it is loaded */
	assert_int_equal(open_bytes(&file, sizeof(file), 0), -EINVAL);
	file.segment[0].p_vaddr = 0;
	file.segment[1].p_offset = UINT64_MAX;
	assert_true(open_bytes(&file, sizeof(file), 0) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(library_in_memory_has_its_symbols),
		cmocka_unit_test(what_is_no_image_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
