// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"

/* Of standard deviations beyond what turns over by chance: seven survivors and nothing ended. */
#define Z_LEAK 2.5
#define LATE_LEAST 0.3 /* rate in the last third of the window, of the rate over the whole */

/* How far the survivors are beyond what a pool that only turns over would have. */
static double beyond_chance(const struct resource_measured *m)
{
	double share = m->kind_survived > 0 ? (double)m->kind_gain / (double)m->kind_survived : 0;
	double gain = (double)m->survived * fmin(fmax(share, 0), 1);
	double turned_over = (double)m->survived - gain;

	return gain > 0 ? gain / sqrt(gain + 2 * turned_over) : 0;
}

void resource_judge(struct candidate *c, const struct resource_measured *m)
{
	double late = m->survived ? 3.0 * (double)m->born_late / (double)m->survived : 0;
	double z = beyond_chance(m);

	c->confidence = 1 - exp(-z * z / 8);
	if (m->survived < RESOURCES_LEAST || z < Z_LEAK) {
		c->verdict = VERDICT_UNDECIDED;
	} else if (late < LATE_LEAST) {
		c->verdict = VERDICT_WARM_UP;
		candidate_evidence(c, "they came early and then no more, as a pool that fills");
	} else {
		c->verdict = VERDICT_RESOURCE;
	}
	candidate_evidence(c, "%lld made in %.1f s were still there %.1f s later",
			   (long long)m->survived, m->window, m->aged);
	if (m->kind_gain < m->kind_survived / 2)
		candidate_evidence(c, "but older ones of their kind went: there are %lld more, "
				   "not %lld",
				   (long long)m->kind_gain, (long long)m->kind_survived);
}

static int most_first(const void *a, const void *b)
{
	const struct resource_row *x = a, *y = b;
	int x_leaks = x->about.verdict == VERDICT_RESOURCE;
	int y_leaks = y->about.verdict == VERDICT_RESOURCE;

	if (x_leaks != y_leaks)
		return y_leaks - x_leaks;
	return (x->live < y->live) - (x->live > y->live);
}

void resource_order(struct resource_rows *rows)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].live > 0)
			rows->row[kept++] = rows->row[i];
	rows->count = kept;
	if (kept)
		qsort(rows->row, kept, sizeof(*rows->row), most_first);
}

/* What a candidate holds, in words: how many, of what, owned by whom. */
static void describe(struct candidate *c, const struct resource_row *row)
{
	char owners[sizeof(c->content)];
	struct strbuf s;

	memcpy(owners, c->content, sizeof(owners));
	strbuf_init(&s, c->content, sizeof(c->content));
	strbuf_addf(&s, "%s x%lld", resource_kind_name(row->kind), (long long)row->live);
	if (row->what_count)
		strbuf_addf(&s, ": %s%s", row->what[0].text, row->what_count > 1 ? ", ..." : "");
	if (owners[0])
		strbuf_addf(&s, "; in %s", owners);
	c->bytes_per_second = NAN; /* their memory is not told apart */
}

/* When there are no more of the kind, at the growth seen. */
static void tell_end(struct candidate *c, enum resource_kind kind, const struct resources *found)
{
	bool threads = kind == RESOURCE_THREAD;
	double seconds = threads ? found->seconds_to_threads : found->seconds_to_descriptors;
	const struct resource_limits *l = &found->limits;
	char used[UNITS_TEXT], most[UNITS_TEXT], left[UNITS_TEXT];

	if (kind == RESOURCE_MAPPING || seconds < 0)
		return;
	units_count(used, threads ? l->threads_used : resource_descriptors(&found->after));
	units_count(most, threads ? l->threads_max : l->descriptors_max);
	units_duration(left, seconds);
	candidate_evidence(c, "%s of %s %s are in use, all of them in %s", used, most,
			   threads ? "threads of the control group" : "descriptors", left);
}

static size_t count_leaks(const struct resource_rows *rows)
{
	size_t count = 0;

	while (count < rows->count && rows->row[count].about.verdict == VERDICT_RESOURCE)
		count++;
	return count;
}

int resource_candidates(struct report *r, const struct resources *found)
{
	size_t more = count_leaks(&found->seen), first = 0;
	struct candidate *all = reallocarray(r->candidates, r->count + more + 1, sizeof(*all));
	char before[sizeof(r->summary)];
	struct strbuf s;

	if (!all)
		return -ENOMEM;
	r->candidates = all;
	while (first < r->count && all[first].verdict == VERDICT_LEAK)
		first++;
	memmove(all + first + more, all + first, (r->count - first) * sizeof(*all));
	for (size_t i = 0; i < more; i++) {
		all[first + i] = found->seen.row[i].about;
		describe(&all[first + i], &found->seen.row[i]);
		tell_end(&all[first + i], found->seen.row[i].kind, found);
	}
	r->count += (uint32_t)more;
	if (!more)
		return 0;
	memcpy(before, r->summary, sizeof(before));
	strbuf_init(&s, r->summary, sizeof(r->summary));
	if (r->verdict == VERDICT_LEAK)
		strbuf_addf(&s, "%s; ", before);
	strbuf_addf(&s, "%zu line%s open%s what is not closed", more, more == 1 ? "" : "s",
		    more == 1 ? "s" : "");
	r->verdict = VERDICT_LEAK;
	return 0;
}
