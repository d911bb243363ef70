// SPDX-License-Identifier: Apache-2.0
#include "points.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../target/open_image.h"
#include "points_cache.h"
#include "points_search.h"

const char *py_point_name(enum py_point point)
{
	static const char *const names[PY_POINTS] = {
		"_PyObject_Malloc", "_PyObject_Calloc",	 "_PyObject_Realloc", "_PyObject_Free",
		"_PyMem_RawMalloc", "_PyMem_RawCalloc",	 "_PyMem_RawRealloc", "_PyMem_RawFree",
		"new pool",	    "garbage collector", "gc.collect",	      "arena alloc",
		"arena free",
	};

	return point < PY_POINTS ? names[point] : "";
}

const char *py_found_name(enum py_found found)
{
	static const char *const names[] = {
		"not found",	    "symbol",		 "debug file", "allocator table",
		"string reference", "method definition", "call",
	};

	return found < sizeof(names) / sizeof(names[0]) ? names[found] : "";
}

/* The image's debug file, as debuggers look for it (gdb, "Separate Debug Files"); NULL: none. */
static struct image *open_debug_file(const struct process *p, const char *build_id,
				     struct py_points *points)
{
	char host[120];
	struct image *img;

	if (strlen(build_id) < 3 || strspn(build_id, "0123456789abcdef") != strlen(build_id))
		return NULL;
	snprintf(host, sizeof(host), "/usr/lib/debug/.build-id/%.2s/%.70s.debug", build_id,
		 build_id + 2);
	for (unsigned in_target = 0; in_target < 2; in_target++) {
		char path[sizeof(points->debug_file)];

		if (in_target)
			snprintf(path, sizeof(path), "/proc/%d/root%s", (int)p->pid, host);
		else
			snprintf(path, sizeof(path), "%s", host);
		if (image_open_path(&img, path, NULL))
			continue;
		if (!strcmp(image_build_id(img), build_id)) {
			snprintf(points->debug_file, sizeof(points->debug_file), "%s", path);
			return img;
		}
		image_close(img);
	}
	return NULL;
}

/* From link addresses to those of the process. */
static void move_to(struct py_points *points, uint64_t bias)
{
	for (unsigned i = 0; i < PY_POINTS; i++) {
		for (unsigned site = 0; site < points->point[i].sites; site++) {
			points->point[i].site[site].address += bias;
			points->point[i].site[site].end += bias;
			if (points->point[i].site[site].alias)
				points->point[i].site[site].alias += bias;
		}
	}
	for (unsigned i = 0; i < PY_DOMAINS; i++)
		points->table[i].address += points->table[i].address ? bias : 0;
	for (unsigned i = 0; i < points->gc_starts; i++) {
		points->gc_start[i].address += bias;
		points->gc_start[i].semaphore += points->gc_start[i].semaphore ? bias : 0;
	}
	for (unsigned i = 0; i < points->gc_dones; i++) {
		points->gc_done[i].address += bias;
		points->gc_done[i].semaphore += points->gc_done[i].semaphore ? bias : 0;
	}
}

/* Worth keeping: nothing is missing that a debug file installed later could tell. */
static bool is_complete(const struct py_points *points)
{
	for (unsigned i = 0; i < PY_POINTS; i++) {
		if (!points->point[i].sites && (i != PY_POINT_NEW_POOL || points->minor >= 9))
			return false;
	}
	return true;
}

/* What the target's root has for a debug file is not trusted for others of the same build id. */
static int search(struct py_points *points, const struct image *img, const struct process *p,
		  int minor, struct err *e)
{
	struct image *debug = NULL;
	char directory[512];
	int rc;

	points_cache_directory(directory, sizeof(directory));
	if (points_cache_load(directory, img, minor, points)) {
		points->cached = true;
		return 0;
	}
	points->minor = minor;
	if (!image_has_symtab(img))
		debug = open_debug_file(p, image_build_id(img), points);
	rc = points_search(points, img, debug, minor, e);
	image_close(debug);
	if (!rc && is_complete(points) && strncmp(points->debug_file, "/proc/", 6))
		points_cache_store(directory, img, points);
	return rc;
}

static int open_image(struct image **img, const struct py_runtime *rt, const struct process *p,
		      struct err *e)
{
	const struct map *m;
	struct maps maps;
	int rc = maps_read(&maps, p->pid);

	if (rc)
		return err_set(e, rc, rc == -ESRCH ? EXIT_TARGET_GONE : EXIT_FAILED,
			       "pid %d: cannot read /proc/%d/maps: %s", (int)p->pid, (int)p->pid,
			       strerror(-rc));
	m = maps_find(&maps, rt->image_start);
	rc = m ? image_open_target(img, p, m, e)
	       : err_set(e, -ENOENT, EXIT_TARGET_GONE, "pid %d: %s is no longer mapped",
			 (int)p->pid, rt->image);
	maps_release(&maps);
	return rc;
}

int py_points_find(struct py_points *points, const struct py_runtime *rt, const struct process *p,
		   struct remote *mem, struct err *e)
{
	struct err why = {0};
	struct image *img = NULL;
	int rc;

	memset(points, 0, sizeof(*points));
	rc = open_image(&img, rt, p, e);
	if (rc)
		return rc;
	rc = search(points, img, p, rt->layout.minor, &why);
	image_close(img);
	if (rc)
		return err_set(e, rc, EXIT_FAILED, "pid %d: %s: %s", (int)p->pid, rt->image,
			       why.text);
	points->image_start = rt->image_start;
	points->image_end = rt->image_end;
	move_to(points, rt->bias);
	py_points_refresh(points, mem);
	return 0;
}
