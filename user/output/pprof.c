// SPDX-License-Identifier: Apache-2.0
/*
 * A report as a profile for `go tool pprof`, Pyroscope and Parca: profile.proto of google/pprof
 * (proto/profile.proto describes every field), gzipped.
 *
 *	candidate -> sample: its stack, inuse_objects, inuse_space; holder, type, verdict as labels
 *	frame     -> location -> function, each written when it is first met
 *
 * Strings, functions and locations are known again by a hash of what is in them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../util/protobuf.h"
#include "../util/siphash.h"
#include "format.h"

/* Field numbers of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,

	VALUE_TYPE = 1,
	VALUE_UNIT = 2,

	SAMPLE_LOCATION = 1,
	SAMPLE_VALUE = 2,
	SAMPLE_LABEL = 3,

	LABEL_KEY = 1,
	LABEL_TEXT = 2,
	LABEL_NUMBER = 3,

	LOCATION_ID = 1,
	LOCATION_LINE = 4,

	LINE_FUNCTION = 1,
	LINE_LINE = 2,

	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILE = 4,
};

#define KNOWN_FIRST 256

enum kind { STRING, FUNCTION, LOCATION, KINDS };

struct known {
	uint64_t hash; /* 0: free */
	uint64_t id;
};

struct profile {
	struct protobuf out;
	struct known *known;  /* owned; a table by hash of strings, functions and locations */
	size_t count, cap;    /* cap is a power of two, at least twice count */
	uint64_t next[KINDS]; /* the id to be given next */
};

static const uint64_t hash_key[2] = { 0x70726f66696c65ull, 0x70796c65616bull };

static struct known *slot_of(struct known *table, size_t cap, uint64_t hash)
{
	size_t i = hash & (cap - 1);

	while (table[i].hash && table[i].hash != hash)
		i = (i + 1) & (cap - 1);
	return &table[i];
}

static bool make_room(struct profile *p)
{
	size_t cap = p->cap ? 2 * p->cap : KNOWN_FIRST;
	struct known *bigger;

	if (2 * p->count < p->cap)
		return true;
	bigger = calloc(cap, sizeof(*bigger));
	if (!bigger)
		return false;
	for (size_t i = 0; i < p->cap; i++)
		if (p->known[i].hash)
			*slot_of(bigger, cap, p->known[i].hash) = p->known[i];
	free(p->known);
	p->known = bigger;
	p->cap = cap;
	return true;
}

/* Was it met before? *@id is its id, or a new one. */
static bool find(struct profile *p, enum kind kind, uint64_t hash, uint64_t *id)
{
	struct known *slot;

	*id = 0;
	hash |= 1; /* 0 is a free slot */
	if (!make_room(p)) {
		p->out.failed = true;
		return true;
	}
	slot = slot_of(p->known, p->cap, hash);
	if (slot->hash) {
		*id = slot->id;
		return true;
	}
	*id = p->next[kind]++;
	*slot = (struct known){ .hash = hash, .id = *id };
	p->count++;
	return false;
}

static uint64_t string(struct profile *p, const char *text)
{
	uint64_t id;

	if (!find(p, STRING, siphash(hash_key, text, strlen(text)), &id))
		protobuf_text(&p->out, PROFILE_STRING, text);
	return id;
}

static uint64_t function(struct profile *p, const char *name, const char *file)
{
	uint64_t parts[] = { FUNCTION, string(p, name), string(p, file) }, id;
	struct protobuf f = { 0 };

	if (find(p, FUNCTION, siphash(hash_key, parts, sizeof(parts)), &id))
		return id;
	protobuf_uint(&f, FUNCTION_ID, id);
	protobuf_uint(&f, FUNCTION_NAME, parts[1]);
	protobuf_uint(&f, FUNCTION_SYSTEM_NAME, parts[1]);
	protobuf_uint(&f, FUNCTION_FILE, parts[2]);
	protobuf_message(&p->out, PROFILE_FUNCTION, &f);
	protobuf_release(&f);
	return id;
}

static uint64_t location(struct profile *p, const char *name, const char *file, int line)
{
	uint64_t parts[] = { LOCATION, function(p, name, file), (uint64_t)line }, id;
	struct protobuf l = { 0 }, in = { 0 };

	if (find(p, LOCATION, siphash(hash_key, parts, sizeof(parts)), &id))
		return id;
	protobuf_uint(&in, LINE_FUNCTION, parts[1]);
	protobuf_int(&in, LINE_LINE, line);
	protobuf_uint(&l, LOCATION_ID, id);
	protobuf_message(&l, LOCATION_LINE, &in);
	protobuf_message(&p->out, PROFILE_LOCATION, &l);
	protobuf_release(&in);
	protobuf_release(&l);
	return id;
}

static void value_type(struct profile *p, unsigned field, const char *type, const char *unit)
{
	struct protobuf v = { 0 };

	protobuf_uint(&v, VALUE_TYPE, string(p, type));
	protobuf_uint(&v, VALUE_UNIT, string(p, unit));
	protobuf_message(&p->out, field, &v);
	protobuf_release(&v);
}

static void label(struct profile *p, struct protobuf *sample, const char *key, const char *text)
{
	struct protobuf l = { 0 };

	if (!text[0])
		return;
	protobuf_uint(&l, LABEL_KEY, string(p, key));
	protobuf_uint(&l, LABEL_TEXT, string(p, text));
	protobuf_message(sample, SAMPLE_LABEL, &l);
	protobuf_release(&l);
}

static void label_number(struct profile *p, struct protobuf *sample, const char *key, int number)
{
	struct protobuf l = { 0 };

	protobuf_uint(&l, LABEL_KEY, string(p, key));
	protobuf_int(&l, LABEL_NUMBER, number);
	protobuf_message(sample, SAMPLE_LABEL, &l);
	protobuf_release(&l);
}

/* Locations of a stack, innermost first, as profiles want them. */
static void put_stack(struct profile *p, struct protobuf *sample, const struct stack *s,
		      const char *without)
{
	uint64_t ids[REPORT_STACK_MAX];
	uint32_t depth = s->depth < REPORT_STACK_MAX ? s->depth : REPORT_STACK_MAX;

	for (uint32_t i = 0; i < depth; i++) {
		const struct frame *f = &s->frame[i];

		ids[i] = location(p, f->function[0] ? f->function : "?", f->file, f->line);
	}
	if (!depth)
		ids[depth++] = location(p, without, "", 0);
	protobuf_packed(sample, SAMPLE_LOCATION, ids, depth);
}

static void put_target(struct profile *p, struct protobuf *sample, const struct report *r)
{
	label_number(p, sample, "pid", r->pid);
	label(p, sample, "comm", r->comm);
	label(p, sample, "python", r->python);
	label(p, sample, "container", r->container);
	label(p, sample, "service", r->service);
	label(p, sample, "release", r->release);
}

static void put_candidate(struct profile *p, const struct report *r, const struct candidate *c)
{
	uint64_t values[] = { (uint64_t)c->inuse_objects, (uint64_t)c->inuse_bytes, 0, 0 };
	struct protobuf sample = { 0 };

	if (c->inuse_bytes == UNKNOWN || c->inuse_bytes <= 0 || c->inuse_objects == UNKNOWN)
		return;
	put_stack(p, &sample, &c->stack, c->held_by[0] ? c->held_by : "(holder not found)");
	protobuf_packed(&sample, SAMPLE_VALUE, values, r->lines ? 4 : 2);
	put_target(p, &sample, r);
	label(p, &sample, "verdict", verdict_name(c->verdict));
	label(p, &sample, "held_by", c->held_by);
	label(p, &sample, "type", c->type);
	protobuf_message(&p->out, PROFILE_SAMPLE, &sample);
	protobuf_release(&sample);
}

/* A line that allocated, kept or not; what it keeps is in the candidates. */
static void put_line(struct profile *p, const struct report *r, const struct allocating_line *l)
{
	uint64_t values[] = { 0, 0, (uint64_t)(l->objects_per_second * r->duration_seconds),
			      (uint64_t)(l->bytes_per_second * r->duration_seconds) };
	struct stack stack = { .frame = { l->at }, .depth = l->at.function[0] ? 1 : 0 };
	struct protobuf sample = { 0 };

	put_stack(p, &sample, &stack, "(no Python code)");
	protobuf_packed(&sample, SAMPLE_VALUE, values, 4);
	put_target(p, &sample, r);
	protobuf_message(&p->out, PROFILE_SAMPLE, &sample);
	protobuf_release(&sample);
}

static void begin(struct profile *p, const struct report *r)
{
	*p = (struct profile){ .next = { [FUNCTION] = 1, [LOCATION] = 1 } };
	string(p, ""); /* the first string is empty; ids of the others begin with 1 */
	protobuf_int(&p->out, PROFILE_TIME_NANOS,
		     (int64_t)r->started.tv_sec * 1000000000 + r->started.tv_nsec);
	protobuf_int(&p->out, PROFILE_DURATION_NANOS, (int64_t)(r->duration_seconds * 1e9));
}

/* Gzip what was written, print it, release all. */
static int end(struct profile *p, FILE *out)
{
	z_stream z = { .next_in = p->out.data, .avail_in = (uInt)p->out.len };
	unsigned char *packed = NULL;
	uLong most;
	int err = -ENOMEM;

	if (!p->out.failed && deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16,
					   MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK) {
		most = deflateBound(&z, z.avail_in);
		packed = malloc(most);
		z.next_out = packed;
		z.avail_out = (uInt)most;
		if (packed && deflate(&z, Z_FINISH) == Z_STREAM_END)
			err = fwrite(packed, 1, z.total_out, out) == z.total_out ? 0 : -EIO;
		deflateEnd(&z);
	}
	free(packed);
	free(p->known);
	protobuf_release(&p->out);
	return err;
}

static int pprof_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;
	struct profile p;

	begin(&p, r);
	value_type(&p, PROFILE_SAMPLE_TYPE, "inuse_objects", "count");
	value_type(&p, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes");
	if (r->lines) {
		value_type(&p, PROFILE_SAMPLE_TYPE, "alloc_objects", "count");
		value_type(&p, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes");
	}
	value_type(&p, PROFILE_PERIOD_TYPE, "space", "bytes");
	protobuf_int(&p.out, PROFILE_PERIOD, 1);
	protobuf_uint(&p.out, PROFILE_DEFAULT_SAMPLE_TYPE, string(&p, "inuse_space"));
	if (r->summary[0])
		protobuf_uint(&p.out, PROFILE_COMMENT, string(&p, r->summary));
	for (uint32_t i = 0; i < count; i++)
		put_candidate(&p, r, &r->candidates[i]);
	for (uint32_t i = 0; r->lines && i < r->line_count; i++)
		put_line(&p, r, &r->lines[i]);
	return end(&p, out);
}

/* The stacks that tripped collections: how often, and for how long. */
static int pprof_pauses(FILE *out, const struct pauses *pauses, const struct format_options *o)
{
	struct profile p;

	(void)o;
	begin(&p, &pauses->look);
	value_type(&p, PROFILE_SAMPLE_TYPE, "collections", "count");
	value_type(&p, PROFILE_SAMPLE_TYPE, "gc_pause", "nanoseconds");
	protobuf_uint(&p.out, PROFILE_DEFAULT_SAMPLE_TYPE, string(&p, "gc_pause"));
	for (size_t i = 0; i < pauses->stacks; i++) {
		const struct pause_stack *s = &pauses->stack[i];
		uint64_t values[] = { s->count, s->pause_ns };
		struct protobuf sample = { 0 };

		put_stack(&p, &sample, &s->stack, "(no Python code)");
		protobuf_packed(&sample, SAMPLE_VALUE, values, 2);
		put_target(&p, &sample, &pauses->look);
		protobuf_message(&p.out, PROFILE_SAMPLE, &sample);
		protobuf_release(&sample);
	}
	return end(&p, out);
}

const struct format format_pprof = {
	.name = "pprof",
	.suffix = ".pb.gz",
	.other_suffix = ".pprof",
	.leaks = pprof_leaks,
	.pauses = pprof_pauses,
};
