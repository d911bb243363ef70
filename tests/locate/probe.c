// SPDX-License-Identifier: Apache-2.0
/*
 * probe MINOR FILE [DEBUG-FILE]   what points.h finds in an image, link addresses
 * probe -p PID                    what it finds in a process
 * probe -i FILE FIRST LAST        addresses of the instructions of functions between those
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../user/cpython/points_search.h"
#include "../../user/elf/code_file.h"
#include "../../user/target/open_image.h"
#include "../../user/util/clock.h"

static void print_points(const struct py_points *p)
{
	for (unsigned i = 0; i < PY_POINTS; i++) {
		const struct py_point_found *point = &p->point[i];

		printf("point %u %u %u", i, point->found, point->live);
		for (unsigned site = 0; site < point->sites; site++)
			printf(" 0x%" PRIx64 ",%u,%s,0x%" PRIx64, point->site[site].address,
			       point->site[site].probe_offset, point->site[site].instruction,
			       point->site[site].file_offset);
		printf("|%s\n", point->why);
	}
	for (unsigned i = 0; i <= PY_POINT_OBJECT_FREE; i++)
		printf("alias %u 0x%" PRIx64 " %d\n", i, p->point[i].site[0].alias,
		       p->point[i].site[0].alias_emulated);
	for (unsigned i = 0; i < PY_DOMAINS; i++)
		printf("table %u 0x%" PRIx64 " %s|%s\n", i, p->table[i].address,
		       py_allocator_name(p->table[i].holds), py_allocator_name(p->table[i].behind));
	for (unsigned i = 0; i < p->gc_starts; i++)
		printf("usdt gc__start 0x%" PRIx64 " 0x%" PRIx64 "\n", p->gc_start[i].address,
		       p->gc_start[i].semaphore_offset);
	for (unsigned i = 0; i < p->gc_dones; i++)
		printf("usdt gc__done 0x%" PRIx64 " 0x%" PRIx64 "\n", p->gc_done[i].address,
		       p->gc_done[i].semaphore_offset);
}

static int of_process(pid_t pid, struct py_points *points, struct err *e)
{
	struct py_runtime rt = {.pid = 0};
	struct remote mem;
	struct process p;
	uint64_t begin;
	int rc = process_open(&p, pid, e);

	if (rc)
		return rc;
	remote_init(&mem, pid);
	rc = py_runtime_open(&rt, &p, &mem, e);
	begin = clock_cpu_ns();
	if (!rc)
		rc = py_points_find(points, &rt, &p, &mem, e);
	printf("seconds %.4f\ncached %d\nbias 0x%" PRIx64 "\nimage %s\n",
	       (double)(clock_cpu_ns() - begin) / 1e9, points->cached, rt.bias, rt.image);
	process_close(&p);
	return rc;
}

static int of_file(int minor, const char *path, const char *debug_path, struct py_points *points,
		   struct err *e)
{
	struct image *img, *debug = NULL;
	uint64_t begin = clock_cpu_ns();
	int rc = image_open_path(&img, path, e);

	if (!rc && debug_path)
		rc = image_open_path(&debug, debug_path, e);
	if (!rc)
		rc = points_search(points, img, debug, minor, e);
	image_close(debug);
	image_close(img);
	printf("seconds %.4f\n", (double)(clock_cpu_ns() - begin) / 1e9);
	return rc;
}

static bool print_instruction(void *arg, uint64_t at, const struct code_instruction *in)
{
	(void)arg;
	printf("%" PRIx64 " %u\n", at, in->length);
	return true;
}

static int of_code(const char *path, uint64_t first, uint64_t last, struct err *e)
{
	struct image *img = NULL;
	struct code *code = NULL;
	int rc = image_open_path(&img, path, e);

	if (!rc)
		rc = code_open(&code, img, e);
	for (size_t i = 0; !rc && i < code->functions; i++) {
		const struct code_function *f = &code->function[i];

		if (f->start < first || f->end > last)
			continue;
		if (code_walk(code, f, print_instruction, NULL))
			printf("%" PRIx64 " unknown\n", f->start);
	}
	code_close(code);
	image_close(img);
	return rc;
}

int main(int count, char **word)
{
	struct py_points points = {.minor = 0};
	struct err e = {0};
	int rc;

	if (count == 5 && !strcmp(word[1], "-i"))
		return of_code(word[2], strtoull(word[3], NULL, 16), strtoull(word[4], NULL, 16),
			       &e) != 0;
	if (count < 3)
		return 2;
	if (!strcmp(word[1], "-p"))
		rc = of_process((pid_t)strtol(word[2], NULL, 10), &points, &e);
	else
		rc = of_file((int)strtol(word[1], NULL, 10), word[2], word[3], &points, &e);
	if (rc) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	print_points(&points);
	return 0;
}
