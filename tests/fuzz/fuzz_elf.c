// SPDX-License-Identifier: Apache-2.0
/* An ELF file of hostile bytes: opened, asked everything, searched. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/elf/image_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_everything(const struct image *img)
{
	const struct image_segment *segment = img->segment;
	size_t segments = img->segments;
	struct image_symbol sym;
	uint64_t a;
	char buf[64];

	if (segments == 0 || segments > IMAGE_SEGMENTS_MAX || strlen(image_build_id(img)) > 128)
		abort();
	image_symbol(img, "_PyRuntime", &sym);
	image_symbol(img, "f", &sym);
	image_find(img, "Py", 2, 0, &a);
	image_bias(img, 0x7f0000000000, 0x1000, &a);
	for (size_t i = 0; i < segments; i++) {
		image_read(img, segment[i].vaddr, buf, sizeof(buf));
		image_read(img, segment[i].vaddr + segment[i].memsz - 1, buf, sizeof(buf));
		image_bias(img, 0x7f0000000000, segment[i].offset & ~0xfffULL, &a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct err e = { 0 };
	struct image *img;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (image_open_fd(&img, fd, "fuzz", &e) == 0) {
		ask_everything(img);
		image_close(img);
	} else if (!e.text[0] || e.exit == EXIT_DONE || img) {
		abort();
	}
	close(fd);
	return 0;
}
