// SPDX-License-Identifier: Apache-2.0
/*
 * The CPython inside a process: which file holds it, where _PyRuntime lies, which version it is,
 * and a layout that was verified on the live process. Everything else in pyleak starts from a
 * struct py_runtime.
 */
#ifndef PYLEAK_CPYTHON_RUNTIME_H
#define PYLEAK_CPYTHON_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bpf/abi.h"
#include "../target/maps.h"
#include "../target/memory.h"
#include "../target/process.h"
#include "images.h"
#include "layout.h"

struct py_runtime {
	struct py_layout layout;
	uint64_t address;      /* of _PyRuntime in the target */
	uint64_t type_type;    /* address of PyType_Type */
	uint64_t bias;	       /* load address minus link address of the image */
	uint64_t image_start, image_end;
	char version[16];      /* "3.11.2"; "" where it could not be told */
	char image[512];       /* path of the executable or libpython, as the target sees it */
	char build_id[64];     /* hex, "" when the image has none */
	char build[48];	       /* "stripped,inlined", "debug", ... for the report */
	uint32_t tss_key;      /* pthread key of the thread state; PY_ABSENT: none that works */
	bool native_ids;       /* native_thread_id (3.11+) names threads in /proc/PID/task */
	pid_t pid;
	char verified[512];    /* what was checked, for doctor: "type(type) is type; ..." */
};

/*
 * Find and verify the CPython of @p. 0, or -errno with @e set: EXIT_NOT_PYTHON (and what was looked
 * at) where there is no CPython, an unknown version, a free-threaded build, or a layout that does
 * not verify.
 */
int py_runtime_open(struct py_runtime *rt, const struct process *p, struct remote *mem,
		    struct err *e);

/*
 * The same, at once: a layout that does not verify is not tried again, and what the mapped files'
 * symbols say is remembered in @images. -ENOENT where there is no CPython of any version. On any
 * other failure that came after it was located rt->image, build, build_id and version are set as
 * far as they are known.
 */
int py_runtime_glance(struct py_runtime *rt, const struct process *p, struct remote *mem,
		      struct py_images *images, struct err *e);

/* What the kernel's stack walker needs, from a verified layout; tgid is the pid as we see it. */
void py_runtime_unwind(const struct py_runtime *rt, struct py_unwind *out);

/* Calls @fn with the address of each interpreter, newest first, as the runtime links them. */
void py_interpreters(const struct py_runtime *rt, struct remote *mem,
		     void (*fn)(void *arg, uint64_t interp), void *arg);

unsigned int py_interpreter_count(const struct py_runtime *rt, struct remote *mem);

/*
 * Has the process several interpreters whose threads cannot be told apart from outside? To 3.12 a
 * thread's pthread key goes on naming its first interpreter while it runs code of another, so
 * stacks would be of the wrong one.
 */
bool py_threads_are_ambiguous(const struct py_runtime *rt, struct remote *mem);

#endif
