// SPDX-License-Identifier: Apache-2.0
#include "pauses_json.h"

#include "json_values.h"

#define SCHEMA "pyleak.gc/1"

static const char *severity_name(enum pause_severity s)
{
	return s == PAUSE_BAD ? "bad" : s == PAUSE_NOTE ? "note" : "good";
}

/* Nanoseconds since 1970, to be laid beside a log. */
static json_int_t wall_ns(const struct pauses *p, uint64_t start_ns)
{
	return (json_int_t)p->look.started.tv_sec * 1000000000 + p->look.started.tv_nsec +
	       (json_int_t)(start_ns - p->began_ns);
}

static json_t *trigger(const struct pauses *p, const struct pause *one)
{
	const struct stack *s = one->stack < 0 ? NULL : &p->stack[one->stack].stack;

	return s && s->depth ? value_frame(&s->frame[0]) : json_null();
}

static json_t *collection(const struct pauses *p, const struct pause *one)
{
	json_t *what = json_pack("{s:I, s:I, s:i, s:o, s:o, s:o, s:i, s:o}",
				 "started_ns", wall_ns(p, one->start_ns),
				 "pause_ns", (json_int_t)one->pause_ns,
				 "generation", (int)one->generation,
				 "collected", value_number(one->collected),
				 "uncollectable", value_number(one->uncollectable),
				 "trigger", trigger(p, one),
				 "thread", one->tid,
				 "tracked", value_number(one->tracked));
	json_t *more = json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:o}",
				 "interpreter", value_number(one->interpreter),
				 "cause", value_text_or_null(pause_cause_name(one->cause)),
				 "off_cpu_ns", (json_int_t)one->off_ns,
				 "queue_ns", (json_int_t)one->queue_ns,
				 "minor_faults", (json_int_t)one->minor_faults,
				 "major_faults", (json_int_t)one->major_faults,
				 "stack", one->stack < 0 ? json_null() : json_integer(one->stack));

	if (!what || json_object_update(what, more)) {
		json_decref(what);
		what = NULL;
	}
	json_decref(more);
	return what;
}

static json_t *summary(const struct pause_summary *s)
{
	json_t *scale = json_array();

	for (int i = 0; scale && i < PAUSE_SCALE; i++)
		if (s->scale[i])
			value_append(&scale, json_pack("[I, I]", (json_int_t)1 << i,
						       (json_int_t)s->scale[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "count", (json_int_t)s->count,
			 "p50_ns", (json_int_t)s->p50_ns,
			 "p99_ns", (json_int_t)s->p99_ns,
			 "max_ns", (json_int_t)s->max_ns,
			 "total_ns", (json_int_t)s->total_ns,
			 "off_cpu_ns", (json_int_t)s->off_ns,
			 "queue_ns", (json_int_t)s->queue_ns,
			 "collected", (json_int_t)s->collected,
			 "uncollectable", (json_int_t)s->uncollectable,
			 "histogram", scale);
}

static json_t *stack(const struct pause_stack *s)
{
	return json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I}",
			 "frames", value_stack(&s->stack),
			 "truncated", s->stack.truncated,
			 "own", (json_int_t)s->own,
			 "count", (json_int_t)s->count,
			 "pause_ns", (json_int_t)s->pause_ns,
			 "max_ns", (json_int_t)s->max_ns,
			 "explicit", (json_int_t)s->explicit_count);
}

static json_t *finding(const struct pause_finding *f)
{
	return json_pack("{s:s, s:s, s:o, s:o}",
			 "name", f->name,
			 "severity", severity_name(f->severity),
			 "text", value_text(f->text),
			 "advice", value_text_or_null(f->advice));
}

static json_t *collections(const struct pauses *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->count; i++)
		value_append(&list, collection(p, &p->pause[i]));
	return list;
}

static json_t *stacks(const struct pauses *p)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < p->stacks; i++)
		value_append(&list, stack(&p->stack[i]));
	return list;
}

static json_t *findings(const struct pauses *p)
{
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < p->findings; i++)
		value_append(&list, finding(&p->finding[i]));
	return list;
}

static json_t *garbage(const struct pauses *p)
{
	json_t *types = json_array();

	for (uint32_t i = 0; types && i < p->garbage_types; i++) {
		json_t *type = json_pack("{s:o, s:I}",
					 "type", value_text(p->garbage_type[i].type),
					 "count", (json_int_t)p->garbage_type[i].objects);

		value_append(&types, type);
	}
	return json_pack("{s:I, s:o}", "objects", (json_int_t)p->garbage, "types", types);
}

static json_t *freed_type(const struct pause_freed_type *t)
{
	return json_pack("{s:o, s:o, s:o, s:I}",
			 "type", value_text_or_null(t->type),
			 "share", value_real(t->share),
			 "plus_minus", t->plus_minus < 0 ? json_null() : value_real(t->plus_minus),
			 "gone", (json_int_t)t->gone);
}

static json_t *freed(const struct pauses *p)
{
	const struct pause_freed *f = &p->freed;
	json_t *types;

	if (!p->sampled)
		return json_null();
	types = json_array();
	for (uint32_t i = 0; types && i < f->types; i++)
		value_append(&types, freed_type(&f->type[i]));
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}",
			 "samples", (json_int_t)f->samples,
			 "objects", (json_int_t)f->objects,
			 "gone", (json_int_t)f->gone,
			 "older_share", value_real(f->older),
			 "rest_share", value_real(f->rest),
			 "types", types);
}

int pauses_json(FILE *out, const struct pauses *p, const struct format_options *o)
{
	json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o, s:o}",
				 "schema", SCHEMA,
				 "target", value_target(&p->look),
				 "started", value_started(&p->look),
				 "duration_seconds", value_real(p->look.duration_seconds),
				 "collections", collections(p),
				 "summary",
				 "0", summary(&p->generation[0]),
				 "1", summary(&p->generation[1]),
				 "2", summary(&p->generation[2]),
				 "share_of_time", value_real(pauses_share(p)),
				 "findings", findings(p));
	json_t *rest = json_pack("{s:I, s:f, s:o, s:{s:b, s:s, s:[i,i,i], s:o, s:o},"
				 " s:o, s:I, s:I, s:I, s:o, s:o, s:o}",
				 "started_ns", wall_ns(p, p->began_ns),
				 "unfinished_seconds", p->unfinished_seconds,
				 "stacks", stacks(p),
				 "collector",
				 "enabled", p->enabled,
				 "found_by", p->attached_by,
				 "thresholds", p->threshold[0], p->threshold[1], p->threshold[2],
				 "tracked", value_number(p->tracked),
				 "garbage", garbage(p),
				 "freed", freed(p),
				 "min_pause_ns", (json_int_t)p->min_pause_ns,
				 "not_kept", (json_int_t)p->not_kept,
				 "unfinished", (json_int_t)p->unfinished,
				 "loss", value_loss(&p->look.loss),
				 "cost", value_cost(&p->look.cost),
				 "warnings", value_warnings(&p->look));

	(void)o;
	if (root && json_object_update(root, rest)) {
		json_decref(root);
		root = NULL;
	}
	json_decref(rest);
	return value_write(out, root);
}
