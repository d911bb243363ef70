// SPDX-License-Identifier: Apache-2.0
/* The code of a hostile image: functions, instructions, references, and what CPython has. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/cpython/points_search.h"
#include "../../user/elf/usdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(void *arg, uint64_t at, const struct code_instruction *in)
{
	const struct code_function *f = arg;

	if (in->length == 0 || (f && (at < f->start || at >= f->end)))
		abort();
	return true;
}

static void ask_everything(const struct code *c)
{
	uint64_t start, end, word;

	for (unsigned i = 0; code_data(c, i, &start, &end); i++) {
		for (uint64_t at = start; at < end; at += 8) {
			const struct code_function *f;
			struct code_probe probe;

			if (!code_word(c, at, &word))
				abort();
			f = code_function_at(c, word);
			if (!f)
				continue;
			if (word < f->start || word >= f->end)
				abort();
			code_walk(c, f, within, (void *)f);
			code_parent(c, f);
			code_probe(c, word, true, &probe);
			if (probe.offset >= f->end - f->start)
				abort();
			return; /* one is enough for an input */
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct py_points points = { .minor = 0 };
	struct image *img;
	struct code *code;
	struct usdt usdt[2];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (image_open_fd(&img, fd, "fuzz", NULL) == 0) {
		if (code_open(&code, img, NULL) == 0) {
			ask_everything(code);
			code_close(code);
			points_search(&points, img, img, 8 + size % 8, NULL);
		}
		usdt_find(img, "python", "gc__start", usdt, 2);
		image_close(img);
	}
	close(fd);
	return 0;
}
