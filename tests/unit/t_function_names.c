// SPDX-License-Identifier: Apache-2.0
/*
 * Functions by address, from each of the tables that an image may have.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <gelf.h>
#include <lzma.h>

#include "../../user/elf/cfi.h"
#include "../../user/elf/function_names.h"
#include "../../user/target/maps.h"

/* Two names for one function, and one that has no size. */
void plain_name(void);
void __plain_name(void);
__asm__(".text\n"
	".globl plain_name, __plain_name\n"
	".type plain_name, @function\n"
	".type __plain_name, @function\n"
	".type sizeless, @function\n"
	"plain_name:\n"
	"__plain_name: .cfi_startproc\n nop\n nop\n ret\n .cfi_endproc\n"
	".size plain_name, 3\n"
	".size __plain_name, 3\n"
	"sizeless: .cfi_startproc\n nop\n nop\n ret\n .cfi_endproc\n");

static int open_path(struct image **img, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct err e = { 0 };

	rc = image_open_fd(img, fd, path, &e);
	close(fd);
	return rc;
}

static void own_symbols(void **state)
{
	struct functions *f = functions_new();
	struct image_symbol symbol;
	struct function found;
	struct image *img;
	uint64_t start, end;

	(void)state;
	assert_int_equal(open_path(&img, "/proc/self/exe"), 0);
	assert_int_equal(functions_find(f, 1, 0, &found), -ENOENT);
	assert_int_equal(functions_add(f, img), 0);
	assert_int_equal(image_symbol(img, "plain_name", &symbol), 0);
	assert_int_equal(functions_find(f, symbol.value + 1, 0, &found), 0);
	assert_string_equal(found.name, "plain_name");
	assert_int_equal(found.start, symbol.value);
	assert_int_equal(found.end, symbol.value + 3);
	assert_int_equal(cfi_function(img, symbol.value + 4, &start, &end), 0);
	assert_int_equal(functions_find(f, symbol.value + 4, 0, &found), -ENOENT);
	assert_int_equal(functions_find(f, symbol.value + 4, start, &found), 0);
	assert_string_equal(found.name, "sizeless");
	assert_int_equal(functions_find(f, ~0ULL, 0, &found), -ENOENT);
	functions_free(f);
	functions_free(NULL);
	image_close(img);
}

/* The C library, which is stripped, has dynamic symbols only. */
static void exported_symbols(void **state)
{
	const char *const names[] = { "malloc", "realloc", "qsort_r", "fopen", "pthread_create" };
	struct functions *f = functions_new();
	const struct map *m;
	struct function found;
	struct image *img;
	struct maps maps;

	(void)state;
	assert_int_equal(maps_read(&maps, getpid()), 0);
	m = maps_find(&maps, (uint64_t)(uintptr_t)gnu_get_libc_version);
	assert_non_null(m);
	assert_int_equal(open_path(&img, m->path), 0);
	assert_int_equal(functions_add(f, img), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct image_symbol symbol;

		assert_int_equal(image_symbol(img, names[i], &symbol), 0);
		assert_int_equal(functions_find(f, symbol.value + 1, 0, &found), 0);
		assert_string_equal(found.name, names[i]);
	}
	functions_free(f);
	image_close(img);
	maps_release(&maps);
}

/* This program, compressed, as the section .gnu_debugdata of an image without any symbols. */
static int make_debugdata(void)
{
	static const char names[] = "\0.gnu_debugdata\0.shstrtab";
	int fd = memfd_create("image", MFD_CLOEXEC), self = open("/proc/self/exe", O_RDONLY);
	off_t size = lseek(self, 0, SEEK_END);
	size_t room = lzma_stream_buffer_bound((size_t)size), packed = 0;
	uint8_t *bytes = malloc((size_t)size), *xz = malloc(room);
	GElf_Phdr load = { .p_type = PT_LOAD, .p_memsz = 64, .p_filesz = 64, .p_flags = PF_R };
	GElf_Ehdr header;
	Elf_Scn *section[2];
	Elf *elf;

	assert_int_equal(pread(self, bytes, (size_t)size, 0), size);
	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, bytes, (size_t)size, xz,
						 &packed, room),
			 LZMA_OK);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	assert_non_null(gelf_newehdr(elf, ELFCLASS64));
	assert_non_null(gelf_newphdr(elf, 1));
	assert_non_null(gelf_getehdr(elf, &header));
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_DYN;
	header.e_machine = EM_X86_64;
	header.e_version = EV_CURRENT;
	for (int i = 0; i < 2; i++) {
		GElf_Shdr shdr = { .sh_type = i ? SHT_STRTAB : SHT_PROGBITS,
				   .sh_name = i ? 16 : 1,
				   .sh_addralign = 1 };
		Elf_Data *data;

		section[i] = elf_newscn(elf);
		data = elf_newdata(section[i]);
		data->d_buf = i ? (void *)names : xz;
		data->d_size = i ? sizeof(names) : packed;
		data->d_align = 1;
		assert_true(gelf_update_shdr(section[i], &shdr));
	}
	header.e_shstrndx = (GElf_Half)elf_ndxscn(section[1]);
	assert_true(gelf_update_ehdr(elf, &header));
	assert_true(gelf_update_phdr(elf, 0, &load));
	if (elf_update(elf, ELF_C_WRITE) < 0)
		fail_msg("elf_update: %s", elf_errmsg(-1));
	elf_end(elf);
	free(bytes);
	free(xz);
	close(self);
	return fd;
}

static void compressed_symbols(void **state)
{
	struct functions *f = functions_new();
	struct image_symbol symbol;
	struct function found;
	struct image *self, *img;
	struct err e = { 0 };
	int fd = make_debugdata();
	uint8_t byte = 0xff;

	(void)state;
	assert_int_equal(open_path(&self, "/proc/self/exe"), 0);
	assert_int_equal(image_symbol(self, "plain_name", &symbol), 0);
	assert_int_equal(image_open_fd(&img, fd, "image", &e), 0);
	assert_false(image_has_symtab(img));
	assert_int_equal(functions_add(f, img), 0);
	assert_int_equal(functions_find(f, symbol.value, 0, &found), 0);
	assert_string_equal(found.name, "plain_name");
	functions_free(f);
	image_close(img);

	f = functions_new(); /* damaged: no names, no harm */
	assert_int_equal(pwrite(fd, &byte, 1, 3000), 1);
	assert_int_equal(image_open_fd(&img, fd, "image", &e), 0);
	assert_int_equal(functions_add(f, img), 0);
	assert_int_equal(functions_find(f, symbol.value, 0, &found), -ENOENT);
	functions_free(f);
	image_close(img);
	image_close(self);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_symbols),
		cmocka_unit_test(exported_symbols),
		cmocka_unit_test(compressed_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
