// SPDX-License-Identifier: Apache-2.0
#include "schemas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 96

static enum pause_cause read_cause(const struct fields *f)
{
	char text[32];

	field_text(f, "cause", text, sizeof(text));
	for (int c = PAUSE_CAUSE_UNKNOWN; c <= PAUSE_SHUTDOWN; c++)
		if (strcmp(text, pause_cause_name((enum pause_cause)c)) == 0)
			return (enum pause_cause)c;
	return PAUSE_CAUSE_UNKNOWN;
}

/* Of the wall clock there; here since the look began, which is at 0. */
static void read_pause(const struct fields *f, const struct pauses *p, int64_t began,
		       struct pause *one)
{
	int64_t started = field_number(f, "started_ns"), stack = field_number(f, "stack");
	uint64_t generation = field_count(f, "generation");

	*one = (struct pause){
		.pause_ns = field_count(f, "pause_ns"),
		.off_ns = field_count(f, "off_cpu_ns"),
		.queue_ns = field_count(f, "queue_ns"),
		.minor_faults = (uint32_t)field_count(f, "minor_faults"),
		.major_faults = (uint32_t)field_count(f, "major_faults"),
		.generation = generation < PAUSE_GENERATIONS ? (uint32_t)generation : 0,
		.cause = read_cause(f),
		.collected = field_number(f, "collected"),
		.uncollectable = field_number(f, "uncollectable"),
		.tracked = field_number(f, "tracked"),
		.tid = (int)field_count(f, "thread"),
		.interpreter = field_number(f, "interpreter"),
		.stack = stack >= 0 && (size_t)stack < p->stacks ? (int)stack : -1,
	};
	one->start_ns = started > began ? (uint64_t)(started - began) : 0;
}

static int read_stacks(const struct fields *root, struct pauses *p)
{
	json_t *list = field_list(root, "stacks");

	p->stack = calloc(json_array_size(list) + 1, sizeof(*p->stack));
	if (!p->stack)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct fields f = field_element(root, list, i);
		struct pause_stack *s = &p->stack[p->stacks++];
		uint64_t own = field_count(&f, "own");

		field_stack(&f, "frames", &s->stack);
		s->stack.truncated = field_bool(&f, "truncated");
		s->own = own < s->stack.depth ? (uint32_t)own : 0;
		s->count = field_count(&f, "count");
		s->pause_ns = field_count(&f, "pause_ns");
		s->max_ns = field_count(&f, "max_ns");
		s->explicit_count = field_count(&f, "explicit");
	}
	return 0;
}

static void read_summary(const struct fields *f, struct pause_summary *s)
{
	json_t *scale = field_list(f, "histogram");

	*s = (struct pause_summary){
		.count = field_count(f, "count"),
		.p50_ns = field_count(f, "p50_ns"),
		.p99_ns = field_count(f, "p99_ns"),
		.max_ns = field_count(f, "max_ns"),
		.total_ns = field_count(f, "total_ns"),
		.off_ns = field_count(f, "off_cpu_ns"),
		.queue_ns = field_count(f, "queue_ns"),
		.collected = (int64_t)field_count(f, "collected"),
		.uncollectable = (int64_t)field_count(f, "uncollectable"),
	};
	for (size_t i = 0; i < json_array_size(scale); i++) {
		json_t *pair = json_array_get(scale, i);
		json_int_t from = json_integer_value(json_array_get(pair, 0));
		int octave = from > 0 ? 63 - __builtin_clzll((unsigned long long)from) : 0;

		if (octave < PAUSE_SCALE)
			s->scale[octave] =
				(uint64_t)json_integer_value(json_array_get(pair, 1));
	}
}

static void read_collector(const struct fields *f, struct pauses *p)
{
	struct fields garbage = field_object(f, "garbage");
	json_t *thresholds = field_list(f, "thresholds"), *types = field_list(&garbage, "types");

	p->enabled = field_bool(f, "enabled");
	p->tracked = field_number(f, "tracked");
	for (size_t i = 0; i < PAUSE_GENERATIONS; i++)
		p->threshold[i] = (int)json_integer_value(json_array_get(thresholds, i));
	p->garbage = field_count(&garbage, "objects");
	for (size_t i = 0; i < json_array_size(types) && i < PAUSE_GARBAGE_TYPES; i++) {
		struct fields type = field_element(f, types, i);

		field_text(&type, "type", p->garbage_type[i].type, TEXT_MAX);
		p->garbage_type[i].objects = field_count(&type, "count");
		p->garbage_types = (uint32_t)i + 1;
	}
}

static void read_freed(const struct fields *root, struct pauses *p)
{
	struct fields f = field_object(root, "freed");
	json_t *types = field_list(&f, "types");

	p->sampled = f.object != NULL;
	p->freed.samples = field_count(&f, "samples");
	p->freed.objects = field_count(&f, "objects");
	p->freed.gone = field_count(&f, "gone");
	p->freed.older = field_real(&f, "older_share", 0);
	p->freed.rest = field_real(&f, "rest_share", 0);
	for (size_t i = 0; i < json_array_size(types) && i < PAUSE_FREED_TYPES; i++) {
		struct fields type = field_element(&f, types, i);
		struct pause_freed_type *t = &p->freed.type[p->freed.types++];

		field_text(&type, "type", t->type, sizeof(t->type));
		t->share = field_real(&type, "share", 0);
		t->plus_minus = field_real(&type, "plus_minus", -1);
		t->gone = field_count(&type, "gone");
	}
}

/* What was found then, in the words of then. Names live as long as the program. */
static void read_findings(const struct fields *root, struct pauses *p)
{
	static const char *const names[] = { "time",	 "longest", "long-lived", "growing",
					     "explicit", "garbage", "faults",	  "waiting",
					     "none",	 "good" };
	json_t *list = field_list(root, "findings");

	for (size_t i = 0; i < json_array_size(list) && p->findings < PAUSE_FINDINGS_MAX; i++) {
		struct fields f = field_element(root, list, i);
		struct pause_finding *finding = &p->finding[p->findings++];
		char text[32];

		finding->name = "note";
		field_text(&f, "name", text, sizeof(text));
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (strcmp(text, names[k]) == 0)
				finding->name = names[k];
		field_text(&f, "severity", text, sizeof(text));
		finding->severity = strcmp(text, "bad") == 0  ? PAUSE_BAD
				    : strcmp(text, "good") == 0 ? PAUSE_GOOD
								: PAUSE_NOTE;
		field_text(&f, "text", finding->text, sizeof(finding->text));
		field_text(&f, "advice", finding->advice, sizeof(finding->advice));
	}
}

int saved_pauses(const struct fields *root, struct saved *s)
{
	static const char *const generations[PAUSE_GENERATIONS] = { "0", "1", "2" };
	struct fields summary = field_object(root, "summary");
	struct fields collector = field_object(root, "collector");
	json_t *list = field_list(root, "collections");
	struct pauses *p = &s->pauses;
	int64_t began = field_number(root, "started_ns");

	s->kind = SAVED_PAUSES;
	field_look(root, &p->look);
	if (began == UNKNOWN)
		began = (int64_t)p->look.started.tv_sec * 1000000000;
	p->look.started.tv_nsec = began % 1000000000;
	p->unfinished_seconds = field_real(root, "unfinished_seconds", 0);
	p->pause = calloc(json_array_size(list) + 1, sizeof(*p->pause));
	if (!p->pause || read_stacks(root, p))
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct fields f = field_element(root, list, i);

		read_pause(&f, p, began, &p->pause[p->count++]);
	}
	for (int i = 0; i < PAUSE_GENERATIONS; i++) {
		struct fields f = field_object(&summary, generations[i]);

		read_summary(&f, &p->generation[i]);
	}
	p->min_pause_ns = field_count(root, "min_pause_ns");
	p->not_kept = field_count(root, "not_kept");
	p->unfinished = field_count(root, "unfinished");
	field_text(&collector, "found_by", p->attached_by, sizeof(p->attached_by));
	read_collector(&collector, p);
	read_freed(root, p);
	read_findings(root, p);
	return 0;
}
