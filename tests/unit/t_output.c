// SPDX-License-Identifier: Apache-2.0
/*
 * Reports made by hand against the exact text of each format, tests/golden/NAME. Where a format is
 * to change, GOLDEN_WRITE=1 writes the files anew; read the difference before it is committed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../user/output/format.h"

static void set_frame(struct frame *f, const char *file, int line, const char *function)
{
	snprintf(f->file, sizeof(f->file), "%s", file);
	snprintf(f->function, sizeof(f->function), "%s", function);
	f->line = line;
}

static void push(struct candidate *c, const char *file, int line, const char *function)
{
	set_frame(&c->stack.frame[c->stack.depth++], file, line, function);
}

static void set_sizes(struct candidate *c, int64_t a, int64_t b, int64_t d)
{
	c->sizes[0] = a;
	c->sizes[1] = b;
	c->sizes[2] = d;
}

#define TEXT(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

/*
 * How the requests of every candidate come in: frames of an installed package, and of Python's own
 * library.
 */
static void push_server(struct candidate *c)
{
	push(c, "/srv/shop/app/views.py", 88, "handle_request");
	push(c, "/usr/lib/python3/dist-packages/gunicorn/workers/sync.py", 176,
	     "SyncWorker.handle_request");
	push(c, "/usr/lib/python3/dist-packages/gunicorn/workers/sync.py", 135,
	     "SyncWorker.handle");
	push(c, "/usr/lib/python3.11/threading.py", 975, "Thread.run");
	push(c, "/usr/lib/python3.11/threading.py", 1038, "Thread._bootstrap_inner");
	push(c, "/srv/shop/main.py", 12, "<module>");
}

static void make_sessions(struct candidate *c)
{
	c->verdict = VERDICT_LEAK;
	c->confidence = 0.97;
	c->bytes_per_second = 64717;
	c->objects_per_second = 512;
	c->inuse_bytes = 524288;
	c->inuse_objects = 4147;
	TEXT(c->type, "dict");
	TEXT(c->content, "tuple \xc3\x97" "1,382, str \xc3\x97" "1,382, dict \xc3\x97" "470");
	TEXT(c->held_by, "module app.cache: SESSIONS");
	TEXT(c->example, "module app.cache: SESSIONS['7f3a9c']['basket'][2]");
	set_sizes(c, 326, 568, 796);
	c->siblings = 1;
	c->stored_known = true;
	push(c, "/srv/shop/app/cache.py", 41, "remember");
	push_server(c);
	c->stored_at = c->stored_by = c->stack.frame[0];
	c->hits = 24;
	c->hits_on_line = 24;
	c->evidence_count = 2;
	TEXT(c->evidence[0], "survived 3 of 3 walks");
	TEXT(c->evidence[1], "its size only ever rose");
}

static void make_queue(struct candidate *c)
{
	c->verdict = VERDICT_LEAK;
	c->confidence = 0.9;
	c->bytes_per_second = 39014.4;
	c->objects_per_second = 61.5;
	c->inuse_bytes = 316000;
	c->inuse_objects = 498;
	TEXT(c->type, "collections.deque");
	TEXT(c->content, "bytes \xc3\x97" "498");
	TEXT(c->held_by, "module app.audit: LOG.queue");
	set_sizes(c, 11240, 11490, 11738);
	c->siblings = 1;
	c->stored_known = true;
	push(c, "/usr/lib/python3.11/queue.py", 150, "Queue._put");
	push(c, "/usr/lib/python3.11/queue.py", 133, "Queue.put");
	push(c, "/srv/shop/app/audit.py", 19, "Audit.write");
	push_server(c);
	c->stored_at = c->stack.frame[0];
	c->stored_by = c->stack.frame[2];
	c->hits = 9;
	c->hits_on_line = 8;
	c->evidence_count = 1;
	TEXT(c->evidence[0], "survived 3 of 3 walks");
	TEXT(c->cause, "a queue without maxsize that nobody reads");
	TEXT(c->advice, "give queue.Queue a maxsize, or start its reader");
}

static void make_connections(struct candidate *c)
{
	c->verdict = VERDICT_UNDECIDED;
	c->confidence = 0.5;
	c->bytes_per_second = 1331;
	c->objects_per_second = 0.7;
	c->inuse_bytes = 10780;
	c->inuse_objects = 6;
	TEXT(c->type, "list");
	TEXT(c->content, "app.db.Connection \xc3\x97" "2");
	TEXT(c->held_by, "thread 4251 (worker-3), frame of Pool.acquire in app/db/pool.py: "
			 "self.idle[*].connections");
	set_sizes(c, 4, UNKNOWN, 6);
	c->siblings = 12;
	TEXT(c->why_no_line, "nothing was stored while the watchpoint stood, 2.1 s");
	c->evidence_count = 1;
	TEXT(c->evidence[0], "survived 2 of 3 walks");
}

static void make_native(struct candidate *c)
{
	c->verdict = VERDICT_NATIVE;
	c->confidence = 0.6;
	c->bytes_per_second = 20480;
	c->objects_per_second = 20;
	c->inuse_bytes = 165888;
	c->inuse_objects = 162;
	for (int i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	TEXT(c->content, "blocks of 1,024 bytes \xc3\x97" "162");
}

static void unknown_footprint(struct footprint *f)
{
	f->rss = f->pss = f->uss = f->swap = UNKNOWN;
	f->python_live = f->python_free = f->native_live = f->native_free = UNKNOWN;
	f->thread_stacks = f->file = f->shmem = f->other = f->native_trim = UNKNOWN;
}

static void make_look(struct report *r)
{
	memset(r, 0, sizeof(*r));
	r->pid = 4242;
	TEXT(r->comm, "gunicorn");
	TEXT(r->python, "3.11.2");
	TEXT(r->build, "stripped,inlined");
	TEXT(r->build_id, "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334");
	r->threads = 8;
	r->started.tv_sec = 1795248000;
	r->duration_seconds = 8.1;
	r->walks = 3;
	r->walk_seconds[1] = 4;
	r->walk_seconds[2] = 8;
	r->threshold_bytes_per_second = 1024;
	unknown_footprint(&r->before);
	unknown_footprint(&r->after);
	r->before.rss = 126143693;
	r->before.python_live = 80000000;
	r->after.rss = 126991892;
	r->cost.target_cpu_percent = 0.43;
	r->cost.probe_hits = 41;
	r->cost.bytes_read = 268435456;
	r->cost.own_cpu_seconds = 0.61;
	r->cost.own_rss_peak_bytes = 39845888;
}

/* A service with two leaks, one that may be one, and memory outside of Python's objects. */
static void make_service(struct report *r)
{
	make_look(r);
	r->verdict = VERDICT_LEAK;
	TEXT(r->summary, "2 of 4 candidates grew in every walk by more than 1.0 KiB/s");
	r->count = 4;
	r->candidates = calloc(r->count, sizeof(*r->candidates));
	assert_non_null(r->candidates);
	make_sessions(&r->candidates[0]);
	make_queue(&r->candidates[1]);
	make_native(&r->candidates[2]);
	make_connections(&r->candidates[3]);
	r->loss.torn_reads = 2;
	r->loss.unreached_objects = 162;
	r->loss.unreached_bytes = 165888;
	r->loss.truncated_stacks = 1;
	report_warn(r, "3 of 8 threads started during the look and were not watched");
}

static void make_quiet(struct report *r)
{
	make_look(r);
	r->verdict = VERDICT_NO_GROWTH;
	r->after.rss = r->before.rss;
}

/* All that can be unknown or hostile. */
static void make_poor(struct report *r)
{
	struct candidate *c;

	make_look(r);
	TEXT(r->comm, "a\033[31m\xff;b");
	r->python[0] = r->build[0] = r->build_id[0] = '\0';
	r->threads = 0;
	r->before.rss = UNKNOWN;
	r->verdict = VERDICT_UNDECIDED;
	r->cost.target_cpu_percent = -1;
	r->cost.target_stopped_ns = 1500000;
	r->count = 1;
	r->candidates = c = calloc(1, sizeof(*c));
	assert_non_null(c);
	for (int i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	c->bytes_per_second = 0.0 / 0.0;
	c->inuse_bytes = 1;
	c->inuse_objects = UNKNOWN;
	memset(c->held_by, 'x', sizeof(c->held_by) - 1);
	TEXT(c->type, "t\n;y");
	c->stored_known = true;
	memset(c->stored_at.file, '/', sizeof(c->stored_at.file) - 1);
	TEXT(c->stored_at.function, "\xe5\x87\xbd\xe6\x95\xb0;\xe5");
	c->stack.frame[0] = c->stored_at;
	c->stack.frame[1].native = true;
	TEXT(c->stack.frame[1].function, "PyEval_EvalCode");
	c->stack.depth = 2;
	c->stack.truncated = true;
}

static char *print(const char *format, const struct report *r, const struct format_options *o)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(format_by_name(format)->leaks(out, r, o), 0);
	fclose(out);
	return text;
}

static void check_golden(const char *name, const char *text)
{
	char path[128], *want = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	f = fopen(path, getenv("GOLDEN_WRITE") ? "w+" : "r");
	if (!f)
		fail_msg("%s: %s (run from the top of the tree)", path, strerror(errno));
	if (getenv("GOLDEN_WRITE")) {
		fputs(text, f);
		rewind(f);
	}
	if (getdelim(&want, &cap, '\0', f) < 0)
		fail_msg("%s is empty", path);
	fclose(f);
	assert_string_equal(text, want);
	free(want);
}

static void check(const char *name, const char *format, void (*make)(struct report *r),
		  const struct format_options *o)
{
	struct report r;
	char *text;

	make(&r);
	text = print(format, &r, o);
	check_golden(name, text);
	free(text);
	report_release(&r);
}

static void table_at_80_columns(void **state)
{
	(void)state;
	check("service_80.txt", "table", make_service, &(struct format_options){ .width = 80 });
}

static void table_at_160_columns(void **state)
{
	(void)state;
	check("service_160.txt", "table", make_service, &(struct format_options){ .width = 160 });
}

static void table_in_color_with_all_frames(void **state)
{
	(void)state;
	check("service_color.txt", "table", make_service,
	      &(struct format_options){ .width = 100, .color = true, .verbose = true, .top = 2 });
}

static void table_in_ascii_without_width(void **state)
{
	(void)state;
	check("service_ascii.txt", "table", make_service, &(struct format_options){.ascii = true});
}

static void table_without_growth_names_the_threshold(void **state)
{
	(void)state;
	check("quiet_80.txt", "table", make_quiet, &(struct format_options){ .width = 80 });
}

static void table_of_hostile_text(void **state)
{
	(void)state;
	check("poor_80.txt", "table", make_poor,
	      &(struct format_options){.width = 80, .ascii = true});
}

static void folded_stacks(void **state)
{
	(void)state;
	check("service.folded", "folded", make_service, &(struct format_options){ 0 });
	check("poor.folded", "folded", make_poor, &(struct format_options){ 0 });
}

static void json_of_a_service(void **state)
{
	(void)state;
	check("service.json", "json", make_service, &(struct format_options){ 0 });
}

/* Every line of every table stays within its width. */
static void no_line_is_wider_than_the_page(void **state)
{
	void (*const make[])(struct report *) = { make_service, make_quiet, make_poor };

	(void)state;
	for (int width = 20; width < 200; width++) {
		for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
			struct report r;
			char *text, *save;

			make[i](&r);
			text = print("table", &r, &(struct format_options){ .width = width });
			for (char *line = strtok_r(text, "\n", &save); line;
			     line = strtok_r(NULL, "\n", &save)) {
				int columns = 0;

				for (char *at = line; *at; at++)
					columns += (*at & 0xc0) != 0x80;
				if (columns > (width < 40 ? 40 : width) &&
				    !strstr(line, "objects/s") && strncmp(line, "pid ", 4) != 0)
					fail_msg("%d columns on a page of %d: %s", columns, width,
						 line);
			}
			free(text);
			report_release(&r);
		}
	}
}

static json_t *parse(void (*make)(struct report *r))
{
	struct report r;
	json_error_t error;
	json_t *root;
	char *text;

	make(&r);
	text = print("json", &r, &(struct format_options){ 0 });
	root = json_loads(text, 0, &error);
	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	free(text);
	report_release(&r);
	return root;
}

static void has_fields(json_t *object, const char *const *names)
{
	assert_true(json_is_object(object));
	for (; *names; names++)
		if (!json_object_get(object, *names))
			fail_msg("no field %s", *names);
}

#define HAS_FIELDS(object, ...) has_fields(object, (const char *const[]){ __VA_ARGS__, NULL })

static void json_has_the_fields_that_others_rely_on(void **state)
{
	void (*const make[])(struct report *) = { make_service, make_quiet, make_poor };

	(void)state;
	for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
		json_t *root = parse(make[i]), *candidate, *after;
		size_t index;

		HAS_FIELDS(root, "schema", "target", "started", "duration_seconds", "verdict",
			   "footprint", "candidates", "loss", "cost");
		HAS_FIELDS(json_object_get(root, "target"), "pid", "comm", "python", "build",
			   "build_id", "container", "threads");
		after = json_object_get(json_object_get(root, "footprint"), "after");
		HAS_FIELDS(json_object_get(root, "footprint"), "before", "after");
		HAS_FIELDS(after, "rss_bytes", "pss_bytes", "uss_bytes", "swap_bytes", "parts");
		HAS_FIELDS(json_object_get(after, "parts"), "python_live_bytes",
			   "python_free_bytes", "native_live_bytes", "native_free_bytes",
			   "thread_stacks_bytes", "file_bytes", "shmem_bytes", "other_bytes");
		HAS_FIELDS(json_object_get(root, "loss"), "dropped_events", "truncated_stacks",
			   "unresolved_frames", "map_full", "torn_reads");
		HAS_FIELDS(json_object_get(root, "cost"), "target_cpu_percent", "probe_hits",
			   "bytes_read", "target_stopped_ns");
		json_array_foreach(json_object_get(root, "candidates"), index, candidate)
			HAS_FIELDS(candidate, "rank", "verdict", "confidence",
				   "growth_bytes_per_second", "growth_objects_per_second",
				   "inuse_bytes", "inuse_objects", "type", "held_by", "stored_at",
				   "allocated_at", "stack", "cause", "advice", "evidence");
		json_decref(root);
	}
}

static void json_says_null_where_nothing_is_known(void **state)
{
	json_t *root = parse(make_poor),
	       *candidate = json_array_get(json_object_get(root, "candidates"), 0);

	(void)state;
	assert_true(json_is_null(json_object_get(json_object_get(root, "target"), "threads")));
	assert_true(json_is_null(json_object_get(json_object_get(root, "target"), "container")));
	assert_true(
		json_is_null(json_object_get(json_object_get(root, "cost"), "target_cpu_percent")));
	assert_true(json_is_null(json_object_get(candidate, "inuse_objects")));
	assert_true(json_is_null(json_object_get(candidate, "growth_bytes_per_second")));
	assert_true(json_is_null(json_object_get(json_object_get(candidate, "stored_at"), "line")));
	json_decref(root);
}

static void texts_beyond_the_room_of_a_report_are_left_out(void **state)
{
	struct report *r = calloc(1, sizeof(*r));
	struct candidate *c = calloc(1, sizeof(*c));

	(void)state;
	assert_non_null(r);
	assert_non_null(c);
	for (int i = 0; i < 20; i++) {
		report_warn(r, "warning %d", i);
		candidate_evidence(c, "evidence %d", i);
	}
	assert_int_equal(r->warning_count, sizeof(r->warnings) / sizeof(r->warnings[0]));
	assert_string_equal(r->warnings[r->warning_count - 1], "warning 5");
	assert_int_equal(c->evidence_count, REPORT_EVIDENCE_MAX);
	assert_string_equal(c->evidence[REPORT_EVIDENCE_MAX - 1], "evidence 7");
	free(r);
	free(c);
}

static void formats_are_found_by_name_and_suffix(void **state)
{
	(void)state;
	assert_string_equal(format_by_name("table")->name, "table");
	assert_string_equal(format_by_suffix("a/b.json")->name, "json");
	assert_string_equal(format_by_suffix("x.folded")->name, "folded");
	assert_string_equal(format_by_suffix("x.txt")->name, "table");
	assert_null(format_by_name("xml"));
	assert_null(format_by_suffix(".json"));
	assert_null(format_by_suffix("json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_at_80_columns),
		cmocka_unit_test(table_at_160_columns),
		cmocka_unit_test(table_in_color_with_all_frames),
		cmocka_unit_test(table_in_ascii_without_width),
		cmocka_unit_test(table_without_growth_names_the_threshold),
		cmocka_unit_test(table_of_hostile_text),
		cmocka_unit_test(folded_stacks),
		cmocka_unit_test(json_of_a_service),
		cmocka_unit_test(no_line_is_wider_than_the_page),
		cmocka_unit_test(json_has_the_fields_that_others_rely_on),
		cmocka_unit_test(json_says_null_where_nothing_is_known),
		cmocka_unit_test(texts_beyond_the_room_of_a_report_are_left_out),
		cmocka_unit_test(formats_are_found_by_name_and_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
