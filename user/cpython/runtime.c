// SPDX-License-Identifier: Apache-2.0
#include "runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../util/strbuf.h"
#include "debugoffsets.h"
#include "locate.h"
#include "verify.h"

/*
 * A look may fall into a change, or into Py_Initialize(): so many, so far apart, before the layout
 * is refused. A glance makes do with one.
 */
#define TRIES 20
#define TRY_INTERVAL_NS 25000000

/*
 * Versions that do not export Py_Version; sys.hexversion then tells which of their layouts is the
 * right one.
 */
#define FIRST_MINOR 8
#define LAST_UNNAMED_MINOR 10

struct attempt {
	struct py_runtime *rt;
	const struct process *process;
	const struct maps *maps;
	struct remote *mem;
	struct py_images *images; /* may be NULL */
	int tries;		  /* how often a look that failed is repeated */
};

static int gone(const struct process *p, struct err *e)
{
	return err_set(e, -ESRCH, EXIT_TARGET_GONE,
		       "pid %d (%s) ended while its CPython was looked at", (int)p->pid, p->comm);
}

static void describe(struct py_runtime *rt, const struct py_image *image)
{
	struct strbuf build;

	rt->address = image->runtime;
	rt->type_type = image->type_type;
	rt->bias = image->bias;
	rt->image_start = image->start;
	rt->image_end = image->end;
	memcpy(rt->image, image->path, sizeof(rt->image));
	memcpy(rt->build_id, image->build_id, sizeof(rt->build_id));
	strbuf_init(&build, rt->build, sizeof(rt->build));
	if (image->stripped)
		strbuf_add(&build, "stripped");
	if (image->debug)
		strbuf_add(&build, build.len ? ",debug" : "debug");
}

static int refuse_version(const struct attempt *a, int major, int minor, struct err *e)
{
	return err_set(
		e, -EINVAL, EXIT_NOT_PYTHON,
		"pid %d (%s): CPython %d.%d is not a version this pyleak knows (" PY_LAYOUT_VERSIONS
		"); Py_Version of %s says so",
		(int)a->process->pid, a->process->comm, major, minor, a->rt->image);
}

/*
 * Lay over the table what a 3.13+ process says of itself, which holds for its micro release and
 * build.
 */
static int self_describe(struct attempt *a, struct err *e)
{
	struct py_layout *l = &a->rt->layout;
	struct py_debug_offsets offsets;
	const char *field;
	int pid = (int)a->process->pid;
	uint32_t version;
	int rc = py_debug_offsets_read(&offsets, a->mem, a->rt->address);

	if (rc)
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d: _PyRuntime of CPython %d.%d at 0x%" PRIx64
			       " does not begin with its description (\"xdebugpy\")",
			       pid, l->major, l->minor, a->rt->address);
	version = py_debug_offsets_version(&offsets);
	if (version >> 24 != (uint32_t)l->major || (version >> 16 & 0xff) != (uint32_t)l->minor)
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d: Py_Version says %d.%d, _PyRuntime at 0x%" PRIx64
			       " describes 0x%08" PRIx32,
			       pid, l->major, l->minor, a->rt->address, version);
	if (py_debug_offsets_free_threaded(&offsets))
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d: free-threaded CPython %d.%dt is not supported yet", pid,
			       l->major, l->minor);
	if (py_debug_offsets_apply(&offsets, l, &field))
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d: what _PyRuntime at 0x%" PRIx64 " says of %s is absurd", pid,
			       a->rt->address, field);
	return 0;
}

/* The layouts that may be right, as [*first, *last] minors of major version 3. */
static int candidates(struct attempt *a, const struct py_image *image, int *first, int *last,
		      struct err *e)
{
	struct py_layout known;
	uint32_t hex;

	if (!image->version) {
		*first = FIRST_MINOR;
		*last = LAST_UNNAMED_MINOR;
		return 0;
	}
	if (!remote_u32(a->mem, image->version, &hex))
		return process_alive(a->process)
			       ? err_set(e, -EFAULT, EXIT_FAILED, "pid %d: cannot read its memory",
					 (int)a->process->pid)
			       : gone(a->process, e);
	*first = *last = (int)(hex >> 16 & 0xff);
	snprintf(a->rt->version, sizeof(a->rt->version), "%d.%d.%d", (int)(hex >> 24), *first,
		 (int)(hex >> 8 & 0xff));
	if (py_layout_table(&known, (int)(hex >> 24), *first))
		return refuse_version(a, (int)(hex >> 24), *first, e);
	return 0;
}

/*
 * Choose a layout that verifies, newest first. -EINVAL where none does: @doubt is about the last
 * one tried.
 */
static int choose(struct attempt *a, int first, int last, struct py_doubt *doubt, struct err *e)
{
	int rc = -EINVAL;

	for (int minor = last; rc == -EINVAL && minor >= first; minor--) {
		py_layout_table(&a->rt->layout, 3, minor);
		if (minor >= 13) {
			rc = self_describe(a, e);
			if (rc)
				return rc;
		}
		rc = py_verify(a->rt, a->process, a->maps, a->mem, doubt);
	}
	return rc;
}

static int verify_some_layout(struct attempt *a, const struct py_image *image, struct err *e)
{
	const struct timespec interval = {.tv_nsec = TRY_INTERVAL_NS};
	const struct process *p = a->process;
	struct py_doubt doubt = {0};
	int first = 0, last = 0, rc;

	rc = candidates(a, image, &first, &last, e);
	for (int try = 0; !rc && try < a->tries; try++) {
		struct err refusal = {0};

		if (try)
			nanosleep(&interval, NULL);
		if (!choose(a, first, last, &doubt, &refusal)) {
			snprintf(a->rt->version, sizeof(a->rt->version), "%d.%d.%d",
				 a->rt->layout.major, a->rt->layout.minor, a->rt->layout.micro);
			return 0;
		}
		if (!process_alive(p))
			return gone(p, e);
		if (refusal.text[0])
			return err_set(e, -EINVAL, refusal.exit, "%s", refusal.text);
	}
	if (rc)
		return rc;
	if (doubt.starting)
		return err_set(e, -EAGAIN, EXIT_NOT_PYTHON,
			       "pid %d (%s): its CPython has not started an interpreter: %s",
			       (int)p->pid, p->comm, doubt.text);
	return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
		       "pid %d (%s): the layout of CPython %s%d in %s does not verify: %s",
		       (int)p->pid, p->comm, first == last ? "3." : "3.8, 3.9 or 3.", last,
		       a->rt->image, doubt.text);
}

static int open_runtime(struct attempt *a, struct err *e)
{
	const struct process *p = a->process;
	struct py_image image;
	struct maps maps;
	int rc = maps_read(&maps, p->pid);

	if (rc == -ESRCH)
		return gone(p, e);
	if (rc)
		return err_set(e, rc, rc == -ENOMEM ? EXIT_FAILED : EXIT_NOT_PERMITTED,
			       "pid %d: cannot read /proc/%d/maps: %s", (int)p->pid, (int)p->pid,
			       strerror(-rc));
	memset(a->rt, 0, sizeof(*a->rt));
	a->rt->pid = p->pid;
	a->maps = &maps;
	rc = py_locate(&image, p, &maps, a->mem, a->images, e);
	if (!rc) {
		describe(a->rt, &image);
		rc = verify_some_layout(a, &image, e);
	}
	a->maps = NULL;
	maps_release(&maps);
	return rc;
}

int py_runtime_open(struct py_runtime *rt, const struct process *p, struct remote *mem,
		    struct err *e)
{
	struct attempt a = {.rt = rt, .process = p, .mem = mem, .tries = TRIES};

	return open_runtime(&a, e);
}

int py_runtime_glance(struct py_runtime *rt, const struct process *p, struct remote *mem,
		      struct py_images *images, struct err *e)
{
	struct attempt a = {.rt = rt, .process = p, .mem = mem, .images = images, .tries = 1};

	return open_runtime(&a, e);
}

void py_runtime_unwind(const struct py_runtime *rt, struct py_unwind *out)
{
	const struct py_layout *l = &rt->layout;
	bool cframe = py_has(l->cf_current_frame);

	memset(out, 0, sizeof(*out));
	out->runtime = rt->address;
	out->tgid = (uint32_t)rt->pid;
	out->fallback_by = rt->native_ids ? PY_THREAD_BY_NATIVE : PY_THREAD_BY_FSBASE;
	out->thread_by = py_has(rt->tss_key) ? PY_THREAD_BY_TSS : out->fallback_by;
	out->tss_key = py_has(rt->tss_key) ? rt->tss_key : 0;
	out->rt_interpreters_head = l->rt_interpreters_head;
	out->is_threads_head = l->is_threads_head;
	out->is_next = l->is_next;
	out->ts_next = l->ts_next;
	out->ts_thread_id = rt->native_ids ? l->ts_native_thread_id : l->ts_thread_id;
	out->ts_frame = cframe ? l->ts_cframe : l->ts_frame;
	out->has_cframe = cframe;
	out->cf_current_frame = cframe ? l->cf_current_frame : 0;
	out->fr_code = l->fr_code;
	out->fr_previous = l->fr_previous;
	out->fr_instr = l->fr_instr;
	out->fr_owner = l->fr_owner;
	out->instr_is_int = l->facts.lasti_units != 0;
	out->skip_owner_min = l->facts.skip_owner_min;
	out->fr_is_entry = l->fr_is_entry;
	out->co_name = py_has(l->co_qualname) ? l->co_qualname : l->co_name;
	out->co_filename = l->co_filename;
	out->us_state = l->us_state;
	out->us_ascii_data = l->us_ascii_data;
}

static void count_interpreter(void *arg, uint64_t interp)
{
	(void)interp;
	(*(unsigned int *)arg)++;
}

unsigned int py_interpreter_count(const struct py_runtime *rt, struct remote *mem)
{
	unsigned int interpreters = 0;

	py_interpreters(rt, mem, count_interpreter, &interpreters);
	return interpreters;
}

bool py_threads_are_ambiguous(const struct py_runtime *rt, struct remote *mem)
{
	return rt->layout.minor < 13 && py_interpreter_count(rt, mem) > 1;
}
