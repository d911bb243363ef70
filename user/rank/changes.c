// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../util/strbuf.h"

/* "cache[17][*] at 0x7f12" -> "cache[#][*] at #": what a run chose does not tell leaks apart. */
static void without_numbers(struct strbuf *out, const char *text)
{
	bool word = false; /* within a name: its digits are part of it */

	while (*text) {
		if (!word && isdigit((unsigned char)*text)) {
			strbuf_add(out, "#");
			while (isalnum((unsigned char)*text))
				text++;
			continue;
		}
		word = isalnum((unsigned char)*text) || *text == '_';
		strbuf_addf(out, "%c", *text++);
	}
}

static bool same_holder(const struct candidate *a, const struct candidate *b)
{
	char x[sizeof(a->held_by)], y[sizeof(b->held_by)];
	struct strbuf s;

	strbuf_init(&s, x, sizeof(x));
	without_numbers(&s, a->held_by);
	strbuf_init(&s, y, sizeof(y));
	without_numbers(&s, b->held_by);
	return strcmp(x, y) == 0 && strcmp(a->type, b->type) == 0;
}

static const struct frame *place_of(const struct candidate *c)
{
	return c->stored_known ? &c->stored_at : c->allocated_known ? &c->allocated_at : NULL;
}

static bool same_place(const struct candidate *a, const struct candidate *b)
{
	const struct frame *x = place_of(a), *y = place_of(b);

	if (!x || !y || a->stored_known != b->stored_known)
		return a->held_by[0] != '\0'; /* only the holder can tell */
	return strcmp(x->function, y->function) == 0 && strcmp(x->file, y->file) == 0;
}

/* The closest unmatched candidate: the first one, which ranks highest. */
static const struct candidate *find_same(const struct report *r, const struct candidate *c,
					 const bool *taken, uint32_t *at)
{
	for (uint32_t i = 0; i < r->count; i++) {
		const struct candidate *other = &r->candidates[i];

		if (taken[i] || !same_holder(other, c) || !same_place(other, c))
			continue;
		*at = i;
		return other;
	}
	return NULL;
}

static enum change_kind kind_of(double before, double after)
{
	double most = fmax(fabs(before), fabs(after));

	if (fabs(after - before) <= CHANGES_SAME_SHARE * most)
		return CHANGE_SAME;
	return after > before ? CHANGE_FASTER : CHANGE_SLOWER;
}

static void add(struct changes *c, enum change_kind kind, const struct candidate *before,
		const struct candidate *after)
{
	c->change[c->count++] = (struct change){
		.kind = kind,
		.before = before,
		.after = after,
		.bytes_per_second = (after ? after->bytes_per_second : 0) -
				    (before ? before->bytes_per_second : 0),
	};
	c->kinds[kind]++;
}

static int in_order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	double p = fabs(x->bytes_per_second), q = fabs(y->bytes_per_second);

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return p < q ? 1 : p > q ? -1 : 0;
}

int changes_find(struct changes *c, const struct report *before, const struct report *after)
{
	bool *taken = calloc(before->count + 1, sizeof(*taken));

	*c = (struct changes){ .before = before, .after = after };
	c->change = calloc((size_t)before->count + after->count + 1, sizeof(*c->change));
	if (!taken || !c->change) {
		free(taken);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < after->count; i++) {
		const struct candidate *now = &after->candidates[i], *then;
		uint32_t at;

		then = find_same(before, now, taken, &at);
		if (then)
			taken[at] = true;
		add(c, then ? kind_of(then->bytes_per_second, now->bytes_per_second) : CHANGE_NEW,
		    then, now);
	}
	for (uint32_t i = 0; i < before->count; i++)
		if (!taken[i])
			add(c, CHANGE_GONE, &before->candidates[i], NULL);
	free(taken);
	qsort(c->change, c->count, sizeof(*c->change), in_order);
	return 0;
}
