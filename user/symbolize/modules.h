// SPDX-License-Identifier: Apache-2.0
/*
 * The files whose code a process runs, by address: opened as the target sees them, kept open, asked
 * for call frames and names. A file is opened when an address in it is first asked for; at most
 * MODULES_MAX are, the others have neither.
 */
#ifndef PYLEAK_SYMBOLIZE_MODULES_H
#define PYLEAK_SYMBOLIZE_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "../elf/cfi.h"
#include "../elf/function_names.h"
#include "../target/maps.h"
#include "../target/process.h"

#define MODULES_MAX 512

struct module {
	uint64_t bias;	     /* load address minus link address */
	const char *path;    /* as the target sees it; owned by the modules */
	struct image *image; /* NULL where it could not be opened */
	/* Private to modules.c. */
	uint64_t inode, first; /* where the file's first mapping begins */
	uint32_t dev;
	struct functions *functions; /* NULL until the first name is asked for */
};

struct modules {
	const struct process *process; /* borrowed */
	struct maps maps;
	struct module *module; /* owned, MODULES_MAX of them */
	size_t count;
	uint64_t generation; /* goes up when addresses may have got another meaning */
};

/* 0, or -errno of maps_read(). Release also after a failure. */
int modules_init(struct modules *m, const struct process *p);
void modules_release(struct modules *m);

/*
 * Read the process's maps again: before a batch of stacks, or when an address is in none. Where
 * they did not change nothing is forgotten. Where the process is gone, the old ones stay.
 */
void modules_refresh(struct modules *m);

/*
 * The file whose code is mapped at @address. NULL where none is: memory of a just-in-time compiler,
 * the vdso, no code at all. *@executable says whether there is code of any kind.
 */
struct module *modules_find(struct modules *m, uint64_t address, bool *executable);

/* The function at @address of the process, its bounds as link addresses. 0 or -ENOENT. */
int module_function(struct modules *m, struct module *at, uint64_t address, struct function *out);

#endif
