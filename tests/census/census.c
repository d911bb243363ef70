// SPDX-License-Identifier: Apache-2.0
/*
 * census PID: one walk over the heap of an idle process, as JSON for tests/census/run:
 *
 *   { "blocks": 3012345, "types": { "dict": 100123, ... }, "seconds": 0.4, "torn": 0 }
 *
 * blocks are pymalloc's; types counts the objects that the cyclic collector tracks, by tp_name.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../user/cpython/runtime.h"
#include "../../user/heap/glibc.h"
#include "../../user/heap/walk.h"
#include "../../user/target/present.h"

static int print_census(const struct history *h, const struct types *t)
{
	json_t *types = json_object(), *root = json_object();
	const struct walk_totals *total = &h->total[h->walks - 1];

	for (size_t i = 1; i < t->count; i++) {
		const struct py_type *type = types_get(t, i);
		json_int_t count = json_integer_value(json_object_get(types, type->name));

		if (type->tracked)
			json_object_set_new(types, type->name,
					    json_integer(count + (json_int_t)type->tracked));
	}
	json_object_set_new(root, "blocks", json_integer((json_int_t)total->pool_blocks));
	json_object_set_new(root, "types", types);
	json_object_set_new(root, "seconds", json_real((double)total->took_ns / 1e9));
	json_object_set_new(root, "torn",
			    json_integer((json_int_t)(h->torn_pools + h->torn_chunks)));
	int err = json_dumpf(root, stdout, JSON_COMPACT);

	json_decref(root);
	return err;
}

static int walk_once(pid_t pid, const struct py_runtime *rt, struct remote *mem, struct err *e)
{
	struct history history = { 0 };
	struct present *present = NULL;
	struct stream stream = { 0 };
	struct spans spans = { 0 };
	struct types types = { 0 };
	struct glibc glibc = { 0 };
	int err;

	err = present_open(&present, pid);
	if (err) {
		err_set(e, err, EXIT_FAILED, "cannot read the page tables of pid %d", (int)pid);
		goto out;
	}
	glibc_find(&glibc, pid, mem);
	err = types_init(&types, rt, mem);
	if (!err)
		err = stream_init(&stream, mem, present);
	if (!err)
		err = spans_read(&spans, mem);
	if (!err)
		err = history_walk(&history, &types, &stream, &spans, &glibc, 0.0);
	if (err)
		err_set(e, err, EXIT_FAILED, "cannot walk the heap of pid %d: error %d", (int)pid,
			-err);
	else
		err = print_census(&history, &types);
out:
	history_release(&history);
	spans_release(&spans);
	stream_release(&stream);
	types_release(&types);
	present_close(present);
	return err;
}

int main(int argc, char **argv)
{
	pid_t pid = argc == 2 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	struct err e = { 0 };
	struct process process;
	struct py_runtime rt;
	struct remote mem;

	if (pid <= 0) {
		fprintf(stderr, "usage: census PID\n");
		return EXIT_USAGE;
	}
	if (process_open(&process, pid, &e) == 0) {
		remote_init(&mem, pid);
		if (py_runtime_open(&rt, &process, &mem, &e) == 0)
			walk_once(pid, &rt, &mem, &e);
		process_close(&process);
	}
	if (e.exit != EXIT_DONE)
		fprintf(stderr, "census: %s\n", e.text);
	return e.exit;
}
