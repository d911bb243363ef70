// SPDX-License-Identifier: Apache-2.0
#include "change.h"

#include <stddef.h>

#include "../util/strbuf.h"
#include "../util/units.h"

#define NAMED 3		  /* parts that the sentence names */
#define SMALL 0.02	  /* of the change: parts below are not named */
#define FREE_MOST 0.5	  /* of the change: most of it is free memory */
#define FREE_MUCH 0.25	  /* of RSS */
#define LEAST (256 << 10) /* bytes of change that are worth words */

static const struct {
	size_t at;
	const char *text;
} parts[] = {
	{ offsetof(struct footprint, python_live), "live in Python's pools" },
	{ offsetof(struct footprint, python_free), "free in Python's pools" },
	{ offsetof(struct footprint, native_live), "live in malloc's heaps" },
	{ offsetof(struct footprint, native_free), "free in malloc's heaps" },
	{ offsetof(struct footprint, thread_stacks), "stacks of threads" },
	{ offsetof(struct footprint, file), "mapped files" },
	{ offsetof(struct footprint, shmem), "shared memory" },
	{ offsetof(struct footprint, other), "other" },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int64_t part(const struct footprint *f, size_t i)
{
	return *(const int64_t *)((const char *)f + parts[i].at);
}

static int64_t size_of(int64_t bytes)
{
	return bytes < 0 ? -bytes : bytes;
}

static void add_signed(struct strbuf *s, int64_t bytes)
{
	char text[UNITS_TEXT];

	units_bytes(text, size_of(bytes));
	strbuf_addf(s, "%s%s", bytes < 0 ? "-" : "+", text);
}

static bool known(const struct footprint *f)
{
	return f->rss != UNKNOWN && f->other != UNKNOWN;
}

/* The parts that changed most, largest first. */
static void add_parts(struct strbuf *s, const int64_t *change, int64_t whole)
{
	bool named[PARTS] = { false };
	const char *between = ": ";

	for (int n = 0; n < NAMED; n++) {
		size_t most = 0;

		for (size_t i = 1; i < PARTS; i++)
			if (named[most] ||
			    (!named[i] && size_of(change[i]) > size_of(change[most])))
				most = i;
		if (named[most] || !change[most] ||
		    (double)size_of(change[most]) < SMALL * (double)size_of(whole))
			return;
		strbuf_add(s, between);
		add_signed(s, change[most]);
		strbuf_addf(s, " %s", parts[most].text);
		named[most] = true;
		between = ", ";
	}
}

static void add_trim(struct strbuf *s, const struct footprint *f)
{
	char text[UNITS_TEXT];

	if (f->native_trim == UNKNOWN || f->native_trim < LEAST)
		return;
	units_bytes(text, f->native_trim);
	strbuf_addf(s, "; malloc_trim(0) would give back about %s", text);
}

void change_explain(const struct footprint *before, const struct footprint *after, char *buf,
		    size_t cap)
{
	int64_t change[PARTS], whole = after->rss - before->rss, free_memory;
	struct strbuf s;

	strbuf_init(&s, buf, cap);
	if (!known(before) || !known(after))
		return;
	if (size_of(whole) < LEAST) {
		strbuf_add(&s, "RSS did not change");
		return;
	}
	for (size_t i = 0; i < PARTS; i++)
		change[i] = part(after, i) - part(before, i);
	strbuf_add(&s, "RSS ");
	add_signed(&s, whole);
	add_parts(&s, change, whole);
	free_memory =
		after->python_free - before->python_free + after->native_free - before->native_free;
	if (whole > 0 && (double)free_memory > FREE_MOST * (double)whole) {
		strbuf_add(&s, ": fragmentation rather than objects");
		add_trim(&s, after);
	}
}

void change_describe(const struct footprint *f, char *buf, size_t cap)
{
	char text[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, buf, cap);
	if (!known(f) || (double)(f->python_free + f->native_free) < FREE_MUCH * (double)f->rss)
		return;
	units_bytes(text, f->python_free + f->native_free);
	strbuf_addf(&s, "%s of RSS is free memory between what lives", text);
	add_trim(&s, f);
}
