// SPDX-License-Identifier: Apache-2.0
#include "doctor_process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cpython/runtime.h"
#include "../probe/watch.h"
#include "../target/footprint.h"
#include "../target/open_image.h"
#include "../target/present.h"
#include "../util/procfs.h"
#include "../util/units.h"

#define ENVIRON_MAX 262144
#define GLIBC_RELEASE "stable release version "

static void report_identity(const struct page *page, const struct process *p)
{
	char seen[640], size[UNITS_TEXT];
	struct footprint f;

	finding_print(page, WORKS_FACT, "executable", p->exe, NULL);
	finding_print(page, WORKS_FACT, "container", *p->container ? p->container : "none", NULL);
	if (p->ns_pid != p->pid) {
		snprintf(seen, sizeof(seen), "its own: it calls itself %d", (int)p->ns_pid);
		finding_print(page, WORKS_FACT, "pid namespace", seen, NULL);
	}
	snprintf(seen, sizeof(seen), "%zd", process_threads(p, NULL, 0));
	finding_print(page, WORKS_FACT, "threads", seen, NULL);
	if (footprint_read(&f, p) == 0 && f.rss != UNKNOWN) {
		units_bytes(size, f.rss);
		finding_print(page, WORKS_FACT, "resident memory", size, NULL);
	}
}

/* Is @path the C library of glibc? Before 2.34 the file is called libc-2.31.so. */
static bool is_glibc(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (strcmp(name, "/libc.so.6") == 0 || strncmp(name, "/libc-2.", 8) == 0);
}

/*
 * glibc says what it is in a string of its own: "GNU C Library (...) stable release version
 * 2.36.\n".
 */
static void glibc_version(const struct process *p, const struct map *m, char *out, size_t cap)
{
	const size_t skip = strlen(GLIBC_RELEASE);
	struct image *img;
	char digits[8] = "";
	uint64_t at;

	snprintf(out, cap, "glibc, version unknown");
	if (image_open_target(&img, p, m, NULL) != 0)
		return;
	if (image_find(img, GLIBC_RELEASE, skip, 0, &at) == 0 &&
	    image_read(img, at + skip, digits, 7) == 0) {
		size_t len = strspn(digits, "0123456789.");

		while (len && digits[len - 1] == '.')
			len--;
		snprintf(out, cap, "glibc %.*s", (int)len, digits);
	}
	image_close(img);
}

static void report_libc(const struct page *page, const struct process *p)
{
	char seen[64] = "";
	struct maps maps;
	bool musl = false;

	if (maps_read(&maps, p->pid) != 0)
		return;
	for (size_t i = 0; i < maps.count && !*seen && !musl; i++) {
		if (is_glibc(maps.map[i].path))
			glibc_version(p, &maps.map[i], seen, sizeof(seen));
		musl = strstr(maps.map[i].path, "/ld-musl-") != NULL;
	}
	maps_release(&maps);
	if (*seen)
		finding_print(page, WORKS_OK, "C library", seen, NULL);
	else
		finding_print(page, WORKS_LIMITED, "C library",
			      musl ? "musl" : "not glibc, or linked statically",
			      "objects over 512 bytes lie in a heap pyleak cannot read: what leaks "
			      "there shows in the "
			      "footprint only; use an image with glibc to see more");
}

/*
 * The value of @name in the environment that the process was started with, NULL where it has none.
 */
static const char *environ_get(const char *environment, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	for (const char *at = environment; at < environment + len; at += strlen(at) + 1) {
		if (strncmp(at, name, name_len) == 0 && at[name_len] == '=')
			return at + name_len + 1;
	}
	return NULL;
}

static void report_allocator(const struct page *page, const struct process *p)
{
	char *environment = malloc(ENVIRON_MAX);
	const char *value = NULL;
	char seen[128];
	ssize_t len;

	if (!environment)
		return;
	len = procfs_read(p->pid, "environ", environment, ENVIRON_MAX);
	if (len > 0)
		value = environ_get(environment, (size_t)len, "PYTHONMALLOC");
	snprintf(seen, sizeof(seen), "PYTHONMALLOC=%.60s", value ? value : "");
	if (len < 0)
		finding_print(page, WORKS_LIMITED, "allocator", "its environment cannot be read",
			      NULL);
	else if (!value || !*value || strcmp(value, "default") == 0 ||
		 strcmp(value, "pymalloc") == 0)
		finding_print(page, WORKS_OK, "allocator", "pymalloc", NULL);
	else if (strstr(value, "debug"))
		finding_print(page, WORKS_LIMITED, "allocator", seen,
			      "the debug allocators put words around each object: start it without "
			      "PYTHONMALLOC");
	else
		finding_print(page, WORKS_LIMITED, "allocator", seen,
			      "small objects come from malloc, where it takes longer to find them: "
			      "start it without "
			      "PYTHONMALLOC");
	free(environment);
}

static void report_pages(const struct page *page, const struct process *p)
{
	struct present *present;
	int err = present_open(&present, p->pid);

	if (err)
		finding_print(page, WORKS_MISSING, "pages in memory", strerror(-err),
			      "needs CAP_SYS_PTRACE: run pyleak as root (sudo)");
	else
		finding_print(page, WORKS_OK, "pages in memory", present_method(present), NULL);
	present_close(present);
}

/* Watch, and at once leave, a word of the process that nothing ever writes: the type of `type`. */
static void report_watch(const struct page *page, const struct process *p,
			 const struct py_runtime *rt)
{
	struct watch_stats stats;
	struct py_unwind unwind;
	struct err e = { 0 };
	struct watch *w;
	char seen[160];
	int err;

	py_runtime_unwind(rt, &unwind);
	if (watch_open(&w, p, &unwind, &e) != 0) {
		finding_print(page, WORKS_MISSING, "watchpoints", e.text, NULL);
		return;
	}
	err = watch_arm(w, 0, rt->type_type + rt->layout.ob_type, 0, 1);
	watch_stats(w, &stats);
	watch_close(w);
	if (err) {
		snprintf(seen, sizeof(seen), "no thread can be watched: %s", strerror(-err));
		finding_print(
			page, WORKS_MISSING, "watchpoints", seen,
			err == -ENOSPC
				? "a debugger or another pyleak holds the debug registers: end it"
				: "holders are named, but not the lines that store; see above what "
				  "this kernel offers");
		return;
	}
	snprintf(seen, sizeof(seen), "on %u of %u threads", stats.threads_watched,
		 stats.threads_watched + stats.threads_missed);
	finding_print(page, stats.threads_missed ? WORKS_LIMITED : WORKS_OK, "watchpoints", seen,
		      stats.threads_missed
			      ? "raise the limit of open files (ulimit -n): each thread takes four"
			      : NULL);
}

static void report_python(const struct page *page, const struct py_runtime *rt)
{
	uint32_t v = rt->layout.version_hex;
	char seen[640];

	snprintf(seen, sizeof(seen), "%u.%u.%u%s%s", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff,
		 *rt->build ? ", " : "", rt->build);
	finding_print(page, WORKS_OK, "Python", seen, NULL);
	finding_print(page, WORKS_FACT, "image", rt->image, NULL);
	finding_print(page, WORKS_FACT, "build id", *rt->build_id ? rt->build_id : "none", NULL);
	snprintf(seen, sizeof(seen), "at 0x%" PRIx64, rt->address);
	finding_print(page, WORKS_FACT, "_PyRuntime", seen, NULL);
	finding_print(page, WORKS_OK, "layout", rt->verified, NULL);
}

int doctor_process(const struct page *page, pid_t pid, struct err *e)
{
	struct remote memory;
	struct py_runtime rt;
	struct process p;
	char heading[96];
	int err = process_open(&p, pid, e);

	snprintf(heading, sizeof(heading), "process %d%s%s", (int)pid, *p.comm ? ": " : "", p.comm);
	finding_heading(page, heading);
	if (err)
		return err;
	remote_init(&memory, pid);
	report_identity(page, &p);
	err = py_runtime_open(&rt, &p, &memory, e);
	if (!err) {
		report_python(page, &rt);
		report_libc(page, &p);
		report_allocator(page, &p);
		report_pages(page, &p);
		report_watch(page, &p, &rt);
		doctor_points(page, &rt, &p, &memory);
	}
	process_close(&p);
	return err;
}
