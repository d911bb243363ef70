// SPDX-License-Identifier: Apache-2.0
/* The test reads its own executable: position-independent, not stripped, dynamically linked. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/elf/image_file.h"
#include "../../user/target/maps.h"
#include "../../user/target/memory.h"
#include "../../user/target/open_image.h"

#define MARK "a string that only this test program has: 4d7c"

const char mark[] = MARK;
int main(void);

static struct image *open_path(const char *path)
{
	struct image *img = NULL;
	struct err e = { 0 };
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(image_open_fd(&img, fd, path, &e), 0);
	close(fd);
	return img;
}

/* Our own executable in memory, to be damaged. */
static unsigned char *own_bytes(size_t *size)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	unsigned char *bytes;
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, *size, 0), *size);
	close(fd);
	return bytes;
}

static int open_bytes(struct image **out, const void *bytes, size_t size, struct err *e)
{
	int fd = memfd_create("damaged", MFD_CLOEXEC), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	*e = (struct err){ 0 };
	err = image_open_fd(out, fd, "damaged", e);
	close(fd);
	return err;
}

static void finds_symbols(void **state)
{
	struct image *img = open_path("/proc/self/exe");
	struct image_symbol sym;

	(void)state;
	assert_true(image_has_symtab(img));
	assert_int_equal(image_symbol(img, "mark", &sym), 0);
	assert_int_equal(sym.size, sizeof(mark));
	assert_int_equal(sym.type, STT_OBJECT);
	assert_int_equal(image_symbol(img, "main", &sym), 0);
	assert_int_equal(sym.type, STT_FUNC);
	assert_int_equal(image_symbol(img, "no_such_symbol", &sym), -ENOENT);
	assert_int_equal(image_symbol(img, "memcpy", &sym),
			 -ENOENT); /* undefined here, or not at all */
	image_close(img);
	image_close(NULL);
}

/* A library of the distribution has hash tables and no .symtab. */
static void finds_exported_symbols(void **state)
{
	struct image_symbol sym;
	struct process p;
	struct image *img;
	uint64_t bias;
	struct maps m;
	const struct map *map;

	(void)state;
	assert_int_equal(process_open(&p, getpid(), NULL), 0);
	assert_int_equal(maps_read(&m, getpid()), 0);
	for (map = m.map; map < m.map + m.count; map++) {
		if (strstr(map->path, "/libelf"))
			break;
	}
	assert_true(map < m.map + m.count);
	assert_int_equal(image_open_target(&img, &p, map, NULL), 0);
	assert_int_equal(image_bias(img, map->start, map->offset, &bias), 0);
	assert_int_equal(image_symbol(img, "elf_begin", &sym), 0);
	assert_true(sym.dynamic);
	image_close(img);
	maps_release(&m);
	process_close(&p);
}

/*
 * From any of its mappings the same bias, and with it the addresses that the program itself sees.
 */
static void bias_leads_to_live_addresses(void **state)
{
	struct image_symbol sym, in_main;
	struct err e = { 0 };
	unsigned seen = 0;
	struct process p;
	struct maps m;

	(void)state;
	assert_int_equal(process_open(&p, getpid(), &e), 0);
	assert_int_equal(maps_read(&m, getpid()), 0);
	for (const struct map *map = m.map; map < m.map + m.count; map++) {
		struct image *img;
		uint64_t bias;

		if (strcmp(map->path, p.exe) != 0)
			continue;
		assert_int_equal(image_open_target(&img, &p, map, &e), 0);
		assert_int_equal(image_bias(img, map->start, map->offset, &bias), 0);
		assert_int_equal(image_symbol(img, "mark", &sym), 0);
		assert_int_equal(image_symbol(img, "main", &in_main), 0);
		assert_true(sym.value + bias == (uint64_t)(uintptr_t)mark);
		assert_true(in_main.value + bias == (uint64_t)(uintptr_t)main);
		assert_int_equal(image_bias(img, map->start, 1ULL << 40, &bias), -ENOENT);
		image_close(img);
		seen++;
	}
	assert_true(seen >= 3);
	maps_release(&m);
	process_close(&p);
}

static uint64_t top_of(const struct image_segment *s)
{
	return s->vaddr + s->memsz;
}

static void reads_and_finds_bytes(void **state)
{
	struct image *img = open_path("/proc/self/exe");
	struct image_symbol sym;
	char buf[sizeof(mark)];
	uint64_t at, end = 0;

	(void)state;
	assert_int_equal(image_symbol(img, "mark", &sym), 0);
	assert_int_equal(image_read(img, sym.value, buf, sizeof(buf)), 0);
	assert_string_equal(buf, MARK);
	assert_int_equal(image_find(img, MARK, sizeof(mark), sym.value, &at), 0);
	assert_true(at == sym.value);
	assert_int_equal(image_find(img, mark, sizeof(mark), 0, &at), 0);
	assert_true(at <= sym.value);
	assert_int_equal(image_find(img, "", 0, 0, &at), -EINVAL);
	assert_int_equal(image_find(img, mark, 5000, 0, &at), -EINVAL);
	assert_true(img->segments >= 2);
	for (size_t i = 0; i < img->segments; i++)
		end = top_of(&img->segment[i]) > end ? top_of(&img->segment[i]) : end;
	assert_int_equal(image_read(img, end - 1, buf, 1), 0);
	assert_int_equal(image_read(img, end - 1, buf, 2), -EFAULT);
	assert_int_equal(image_read(img, UINT64_MAX, buf, 2), -EFAULT);
	assert_int_equal(image_find(img, mark, sizeof(mark), end, &at), -ENOENT);
	image_close(img);
}

static void has_a_build_id(void **state)
{
	struct image *img = open_path("/proc/self/exe");
	const char *id = image_build_id(img);

	(void)state;
	assert_int_equal(strlen(id), 40);
	assert_int_equal(strspn(id, "0123456789abcdef"), 40);
	image_close(img);
}

/*
 * sstrip(1) or damage: nothing behind the program headers can be trusted, exported symbols are
 * still found.
 */
static void damaged_section_headers(void **state)
{
	size_t size;
	unsigned char *bytes;
	struct image *whole = open_path("/proc/self/exe"), *img;
	struct image_symbol sym;
	struct err e;
	Elf64_Ehdr *header;
	static const uint64_t offsets[] = { 0, 8, UINT64_MAX, UINT64_MAX - 63, 1ULL << 40 };

	(void)state;
	bytes = own_bytes(&size);
	header = (Elf64_Ehdr *)bytes;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		header->e_shoff = offsets[i];
		assert_int_equal(open_bytes(&img, bytes, size, &e), 0);
		assert_false(image_has_symtab(img));
		assert_string_equal(image_build_id(img), image_build_id(whole));
		assert_int_equal(image_symbol(img, "no_such_symbol", &sym), -ENOENT);
		image_close(img);
	}
	header->e_shoff = ((Elf64_Ehdr *)bytes)->e_phoff;
	header->e_shnum = 0xfff0;
	header->e_shstrndx = SHN_XINDEX;
	if (open_bytes(&img, bytes, size, &e) == 0)
		image_close(img);
	else
		assert_int_equal(e.exit, EXIT_FAILED);
	image_close(whole);
	free(bytes);
}

static void refuses_what_is_no_image(void **state)
{
	size_t size;
	unsigned char *bytes = own_bytes(&size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes, saved = *header;
	struct image *img;
	struct err e;
	int pipes[2];

	(void)state;
	assert_int_equal(open_bytes(&img, "", 0, &e), -EINVAL);
	assert_non_null(strstr(e.text, "damaged"));
	assert_null(img);
	assert_int_equal(open_bytes(&img, "#!/bin/sh\n", 10, &e), -EINVAL);
	assert_int_equal(open_bytes(&img, bytes, 4, &e), -EINVAL);
	assert_int_equal(open_bytes(&img, bytes, 63, &e), -EINVAL);
	assert_int_equal(open_bytes(&img, bytes, 64, &e), -EINVAL);
	header->e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(open_bytes(&img, bytes, size, &e), -EINVAL);
	*header = saved;
	header->e_type = ET_REL;
	assert_int_equal(open_bytes(&img, bytes, size, &e), -EINVAL);
	assert_non_null(strstr(e.text, "ELF type 1"));
	*header = saved;
	header->e_phnum = 0;
	assert_int_equal(open_bytes(&img, bytes, size, &e), -EINVAL);
	*header = saved;
	header->e_phoff = UINT64_MAX - 8;
	assert_int_equal(open_bytes(&img, bytes, size, &e), -EINVAL);
	assert_int_equal(e.exit, EXIT_FAILED);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(image_open_fd(&img, pipes[0], "pipe", &e), -EINVAL);
	assert_int_equal(image_open_fd(&img, -1, "closed", &e), -EBADF);
	close(pipes[0]);
	close(pipes[1]);
	free(bytes);
}

/* Chains of the hash table that lead in a circle, and counts that lie. */
static void hostile_hash_tables(void **state)
{
	size_t size;
	unsigned char *bytes = own_bytes(&size);
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *ph = (Elf64_Phdr *)(bytes + header->e_phoff);
	struct image_symbol sym;
	struct image *img;
	struct err e;
	unsigned tables = 0;

	(void)state;
	header->e_shoff = 0;
	for (int i = 0; i < header->e_phnum; i++) {
		Elf64_Dyn *d = (Elf64_Dyn *)(bytes + ph[i].p_offset);

		for (; ph[i].p_type == PT_DYNAMIC && d->d_tag != DT_NULL; d++) {
			uint32_t *table =
				(uint32_t *)(bytes + d->d_un.d_ptr); /* vaddr is offset there */

			if (d->d_tag != DT_GNU_HASH)
				continue;
			tables++;
			table[0] = 0;
			assert_int_equal(open_bytes(&img, bytes, size, &e), 0);
			assert_int_equal(image_symbol(img, "elf_begin", &sym), -EINVAL);
			image_close(img);
			table[0] = 1;
			table[1] = 1;
			table[2] = 0;
			table[4] = 1; /* the bucket */
			memset(table + 5, 0,
			       size - d->d_un.d_ptr - 20); /* a chain without an end */
			assert_int_equal(open_bytes(&img, bytes, size, &e), 0);
			assert_true(image_symbol(img, "elf_begin", &sym) < 0);
			image_close(img);
			break;
		}
	}
	assert_int_equal(tables, 1);
	free(bytes);
}

/* Truncated while it is open: short reads, never SIGBUS. */
static void a_file_that_shrinks(void **state)
{
	size_t size;
	unsigned char *bytes = own_bytes(&size);
	int fd = memfd_create("shrinks", MFD_CLOEXEC);
	struct image_symbol sym;
	struct image *img;
	uint64_t at;
	char buf[8];

	(void)state;
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(image_open_fd(&img, fd, "shrinks", NULL), 0);
	assert_int_equal(image_symbol(img, "mark", &sym), 0);
	assert_int_equal(ftruncate(fd, 64), 0);
	assert_int_equal(image_read(img, sym.value, buf, sizeof(buf)), -EIO);
	assert_int_equal(image_find(img, MARK, sizeof(mark), 0, &at), -EIO);
	assert_true(image_symbol(img, "no_such_symbol", &sym) < 0);
	image_close(img);
	close(fd);
	free(bytes);
}

/*
 * What must not be opened is not: a device. What is mapped is, though its name is another file's by
 * now.
 */
static void opens_what_is_mapped(void **state)
{
	char path[64];
	size_t size;
	unsigned char *bytes = own_bytes(&size);
	struct err e = { 0 };
	unsigned tried = 0;
	struct image *img;
	struct process p;
	struct maps m;
	void *zero, *library;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/t_image.%d", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	library = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600); /* replaced */
	assert_true(fd >= 0);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	zero = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_true(library != MAP_FAILED && zero != MAP_FAILED);

	assert_int_equal(process_open(&p, getpid(), NULL), 0);
	assert_int_equal(maps_read(&m, getpid()), 0);
	for (const struct map *map = m.map; map < m.map + m.count; map++) {
		void *at = (void *)(uintptr_t)map->start;
		int err;

		if (at != library && at != zero)
			continue;
		tried++;
		e = (struct err){ 0 };
		err = image_open_target(&img, &p, map, &e);
		if (at == library && err == 0) {
			assert_int_equal(image_has_symtab(img), 1);
			image_close(img);
			continue;
		}
		/*
		 * Without privilege map_files is closed to us: then the file that took the name is
		 * not it.
		 */
		assert_true(err < 0);
		assert_null(img);
		if (geteuid() == 0)
			assert_int_equal(e.exit, EXIT_FAILED);
		assert_true(at == zero || strstr(e.text, "another file"));
	}
	assert_int_equal(tried, 2);
	maps_release(&m);
	process_close(&p);
	munmap(library, size);
	munmap(zero, 4096);
	unlink(path);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_symbols),
		cmocka_unit_test(finds_exported_symbols),
		cmocka_unit_test(bias_leads_to_live_addresses),
		cmocka_unit_test(reads_and_finds_bytes),
		cmocka_unit_test(has_a_build_id),
		cmocka_unit_test(damaged_section_headers),
		cmocka_unit_test(refuses_what_is_no_image),
		cmocka_unit_test(hostile_hash_tables),
		cmocka_unit_test(a_file_that_shrinks),
		cmocka_unit_test(opens_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
