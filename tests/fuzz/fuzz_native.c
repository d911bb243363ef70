// SPDX-License-Identifier: Apache-2.0
/*
 * Two hostile things: an ELF file whose call frame information and names are asked for everywhere,
 * and a snapshot of this process's code with any registers, stack and Python frames.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/elf/cfi.h"
#include "../../user/elf/function_names.h"
#include "../../user/elf/image_file.h"
#include "../../user/symbolize/demangle.h"
#include "../../user/symbolize/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_image(const struct image *img)
{
	struct functions *functions = functions_new();
	char text[64];

	if (!functions)
		abort();
	functions_add(functions, img);
	for (size_t i = 0; i < img->segments; i++) {
		for (uint64_t part = 0; part < 16; part++) {
			uint64_t vaddr = img->segment[i].vaddr + img->segment[i].memsz / 16 * part;
			uint64_t start = 0, end;
			struct function function;
			struct cfi_row row;

			if (cfi_row(img, vaddr, &row) == 0 && !row.cfa)
				abort();
			if (cfi_function(img, vaddr, &start, &end) == 0 &&
			    (vaddr < start || vaddr >= end))
				abort();
			if (functions_find(functions, vaddr, start, &function) == 0)
				demangle(function.name, text, sizeof(text));
		}
	}
	functions_free(functions);
}

static void try_image(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct err e = { 0 };
	struct image *img;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (image_open_fd(&img, fd, "fuzz", &e) == 0) {
		ask_image(img);
		image_close(img);
	}
	close(fd);
}

/* Made once: what is fuzzed is the snapshot, not the process. */
struct world {
	struct process process;
	struct py_runtime runtime;
	struct remote memory;
	struct pyframes *pyframes;
	struct native *native;
};

static struct world *world(void)
{
	static struct world w;
	struct err e = { 0 };

	if (w.native)
		return &w;
	remote_init(&w.memory, getpid());
	if (process_open(&w.process, getpid(), &e) ||
	    py_layout_table(&w.runtime.layout, 3, 12) ||
	    native_new(&w.native, &w.process, &w.runtime))
		abort();
	w.pyframes = pyframes_new(&w.runtime.layout, &w.memory);
	w.runtime.image_start = (uintptr_t)LLVMFuzzerTestOneInput;
	w.runtime.image_end = w.runtime.image_start + 65536;
	return &w;
}

/* Words that look like code addresses are moved into this program. */
static void aim(struct native_snapshot *s)
{
	uint64_t *word = (uint64_t *)(void *)s->stack;

	for (size_t i = 0; i < NATIVE_STACK_BYTES / sizeof(*word); i++)
		if ((word[i] & 7) == 3)
			word[i] = (uintptr_t)LLVMFuzzerTestOneInput + (word[i] >> 3) % (1 << 20);
	if (s->ip & 1)
		s->ip = (uintptr_t)LLVMFuzzerTestOneInput + (s->ip >> 1) % (1 << 20);
	if (s->sp & 1)
		s->sp = s->stack_start + (s->sp >> 1) % NATIVE_STACK_BYTES;
	if (s->bp & 1)
		s->bp = s->stack_start + (s->bp >> 1) % NATIVE_STACK_BYTES;
}

static void try_snapshot(const uint8_t *data, size_t size)
{
	struct world *w = world();
	struct native_snapshot *s = malloc(sizeof(*s));
	struct native_stack native;
	struct stack merged;

	if (!s)
		abort();
	for (size_t at = 0; at < sizeof(*s); at += size)
		memcpy((char *)s + at, data, size < sizeof(*s) - at ? size : sizeof(*s) - at);
	aim(s);
	native_unwind(w->native, s, &native);
	if (native.depth > NATIVE_MAX_FRAMES)
		abort();
	for (uint32_t i = 1; i < native.depth; i++)
		if (native.frame[i].start <= native.frame[i - 1].start)
			abort();
	native_merge(w->native, s, w->pyframes, &merged);
	if (merged.depth > REPORT_STACK_MAX)
		abort();
	free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[256], text[128];

	if (size < 8)
		return 0;
	memcpy(name, data, size < sizeof(name) ? size : sizeof(name) - 1);
	name[size < sizeof(name) ? size - 1 : sizeof(name) - 1] = '\0';
	demangle(name, text, sizeof(text));
	if (memcmp(data, "\177ELF", 4) == 0)
		try_image(data, size);
	else
		try_snapshot(data, size);
	return 0;
}
