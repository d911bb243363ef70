// SPDX-License-Identifier: Apache-2.0
#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/units.h"

#define SLOT_OBJECTS_MIN                                                         \
	10 /* survivors of a slot: fewer may be one thing that was replaced once \
	    */
#define SLOTS_REPLACED 3
#define NEWBORN_SHARE                                                                         \
	0.3 /* of the survivors' rate: what is replaced as a whole has no older part beside a \
	       newer one */
#define GAIN_MIN 5.0 /* elements */
#define DROP_MAX \
	0.25 /* of the gain: a container that falls back further is emptied from time to time */
#define STOPPED 0.4 /* of the mean rate in the last third: below, it fills up rather than leaks */
#define HEAP_SHARE_MIN 0.3 /* of a large holder's growth that the heap as a whole must show */
#define HEAP_BYTES_MIN 262144
#define HEAP_KEPT 0.5	    /* of what came in a slot that the heap as a whole must have kept */
#define TURNOVER_LEAST 20   /* arrivals in the last third: fewer say nothing of who stays */
#define TURNOVER_STAYS 0.05 /* of them */
#define TURNOVER_Z 2.0
#define LONGER 4.0	/* times the look, where growth changes while one looks */
#define AGAIN_LEAST 6	/* of a slot's survivors: fewer say nothing */
#define AGAIN_SIZED 3	/* of a container's, all of which must be gone but one in AGAIN_SPARED */
#define AGAIN_SPARED 8
#define ASIDE_SHARE 0.1 /* of the largest: smaller things in doubt are left out */
#define PLAIN_GAIN 20.0
#define PLAIN_BYTES_PER_SECOND 1024.0

double verdict_threshold(double seconds)
{
	/* five elements of 64 bytes: the least that can be told from chance at all */
	return seconds > 0 ? GAIN_MIN * 64 / seconds : 0;
}

static void settle(struct candidate *c, enum verdict verdict, double confidence)
{
	c->verdict = verdict;
	c->confidence = confidence < 0 ? 0 : confidence > 0.99 ? 0.99 : confidence;
}

/* Confidence that grows with the distance from chance, and less where the size fell back meanwhile.
 */
static double confidence(const struct trend *t)
{
	return (1 - exp(-t->z / 3)) * (1 - t->drop);
}

/* The heap as a whole must have grown with a large holder, or what it gained only moved there. */
static bool heap_contradicts(const struct measured *m)
{
	return m->bytes > HEAP_BYTES_MIN &&
	       m->heap_gain + m->heap_noise < HEAP_SHARE_MIN * (double)m->bytes;
}

/* A look that is long enough for an answer, in the lengths that people ask for. */
static void needs_longer(struct candidate *c, double seconds)
{
	static const double lengths[] = { 30, 60, 120, 300, 600, 1800, 3600 };
	char text[UNITS_TEXT];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		if (lengths[i] < seconds)
			continue;
		c->settled_by = lengths[i];
		units_duration(text, lengths[i]);
		candidate_evidence(c, "a look of %s would settle it (-d %.0fs)", text, lengths[i]);
		return;
	}
	candidate_evidence(c, "only a look of more than an hour would settle it");
}

static bool is_bounded(struct candidate *c, const struct measured *m)
{
	if (m->bound == UNKNOWN)
		return false;
	candidate_evidence(c, "it is bounded: at most %lld entries", (long long)m->bound);
	settle(c, VERDICT_CACHE, 0.95);
	return true;
}

/* Filled and emptied: what counts is what is left each time. */
static bool is_emptied(struct candidate *c, const struct measured *m, const struct trend *t)
{
	if (t->gain <= 0) {
		candidate_evidence(c, "its content is replaced, its size did not grow");
		settle(c, VERDICT_CACHE, 0.9);
		return true;
	}
	if (t->drop <= DROP_MAX || !t->troughs)
		return false;
	candidate_evidence(c,
			   "it was emptied %u time%s, and the last time %+.0f was left of what "
			   "was there at first",
			   t->troughs, t->troughs == 1 ? "" : "s", t->trough_gain);
	if (t->trough_gain <= 0) {
		settle(c, VERDICT_CACHE, 1 - 0.5 / (1 + t->troughs));
	} else if (t->troughs_rise && m->lasting) {
		candidate_evidence(c, "every time more was left");
		settle(c, VERDICT_LEAK, 0.8);
	} else {
		settle(c, VERDICT_UNDECIDED, 0.5);
		needs_longer(c, m->look * (TREND_TROUGHS + 1) / t->troughs);
	}
	return true;
}

/* It grew, and then no more: full where things go on coming, done where they do not. */
static bool is_full(struct candidate *c, const struct measured *m, const struct trend *t)
{
	double rate = m->interval > 0 ? (double)m->objects / m->interval : 0;
	bool before = t->stopped_at < m->interval; /* than the walk before the latest */

	if (t->silence < TREND_SILENCE)
		return false;
	if (m->replaced >= GAIN_MIN ||
	    (before && rate > 0 && m->newborn_per_second > NEWBORN_SHARE * rate)) {
		candidate_evidence(c, "it was full after %.1f s: what came since replaced others",
				   t->stopped_at);
		settle(c, VERDICT_CACHE, 1 - 1 / (1 + t->silence / TREND_SILENCE * 4));
		return true;
	}
	candidate_evidence(c, "it stopped growing after %.1f s: %.0f more would have come since",
			   t->stopped_at, t->silence);
	settle(c, VERDICT_WARM_UP, 1 - 1 / (1 + t->silence / TREND_SILENCE * 4));
	return true;
}

/* Much comes, and in the end as much goes: that more than a share of it stays can be ruled out. */
static bool is_replaced(struct candidate *c, const struct measured *m, const struct trend *t)
{
	double came = m->arrivals_per_second * m->look / 3;
	double stayed = fmax(t->late_gain, 0) + TURNOVER_Z * sqrt(2 * came);

	if (came <= 0 || stayed > TURNOVER_STAYS * came)
		return false;
	candidate_evidence(c,
			   "of some %.0f that came in the last third of the look %.0f stayed, "
			   "%.0f at most",
			   came, fmax(t->late_gain, 0), stayed);
	settle(c, VERDICT_CACHE, 1 - stayed / came);
	return true;
}

static void judge_growth(struct candidate *c, const struct measured *m, const struct trend *t)
{
	if (t->drop > DROP_MAX) {
		candidate_evidence(c, "it fell back by %.0f %% of its growth meanwhile",
				   t->drop * 100);
		settle(c, VERDICT_UNDECIDED, 0.5);
		needs_longer(c, fmax(t->needed, LONGER * m->look));
	} else if (t->late_share < STOPPED) {
		candidate_evidence(c, "its growth slows down: %.0f %% of the mean rate at the end",
				   fmax(t->late_share, 0) * 100);
		settle(c, VERDICT_UNDECIDED, 0.5);
		needs_longer(c, LONGER * m->look);
	} else if (t->gain < GAIN_MIN || t->z < TREND_Z_LEAK || !t->rising) {
		candidate_evidence(
			c, "growth is %.1f standard deviations from chance, %.0f are needed", t->z,
			TREND_Z_LEAK);
		settle(c, VERDICT_UNDECIDED, 0.3);
		needs_longer(c, fmax(t->needed, fmax(m->look * GAIN_MIN / t->gain, 2 * m->look)));
	} else {
		candidate_evidence(c, "growth is %.0f standard deviations from chance", t->z);
		settle(c, m->lasting ? VERDICT_LEAK : VERDICT_UNDECIDED, confidence(t));
	}
}

static void judge_sized(struct candidate *c, const struct measured *m)
{
	struct trend t = trend_of(&m->size, m->arrivals_per_second * m->look);

	candidate_evidence(c, "size went from %.0f to %.0f in %.1f s, %+.1f a second",
			   m->size.size[0], m->size.size[m->size.count - 1], m->look, t.per_second);
	if (!is_bounded(c, m) && !is_emptied(c, m, &t) && !is_full(c, m, &t) &&
	    !is_replaced(c, m, &t))
		judge_growth(c, m, &t);
}

/* What came and stayed is no more by now: it was on its way out, or another thing in its place. */
static bool is_gone(struct candidate *c, const struct measured *m)
{
	bool all = m->gone + m->looked_again / AGAIN_SPARED >= m->looked_again;

	if (m->size.count ? m->looked_again < AGAIN_SIZED || !all
			  : m->looked_again < AGAIN_LEAST || m->gone * 2 < m->looked_again)
		return false;
	candidate_evidence(c, "of %u of them that were looked at again %u were gone",
			   m->looked_again, m->gone);
	if (!m->size.count) {
		settle(c, VERDICT_CACHE, 0.7);
		return true;
	}
	settle(c, VERDICT_UNDECIDED, 0.3);
	needs_longer(c, LONGER * m->look);
	return true;
}

/* Much came, the heap as a whole kept it, and then nothing more came, not by chance. */
static bool is_done(const struct measured *m, double rate)
{
	double expected = rate * (m->look - m->interval);

	return m->newborn_per_second == 0 && expected > TREND_SILENCE &&
	       m->heap_gain - m->heap_noise > HEAP_KEPT * (double)m->bytes;
}

static void judge_slot(struct candidate *c, const struct measured *m)
{
	double rate = m->interval > 0 ? (double)m->objects / m->interval : 0;

	if (m->objects < SLOT_OBJECTS_MIN * m->siblings) {
		candidate_evidence(c, "only %llu objects came and stayed there",
				   (unsigned long long)m->objects);
		settle(c, VERDICT_NO_GROWTH, 0.5);
	} else if (m->slots_of_one > SLOTS_REPLACED) {
		candidate_evidence(c,
				   "elements of a container whose size does not grow are replaced");
		settle(c, VERDICT_CACHE, 0.8);
	} else if (m->newborn_per_second < NEWBORN_SHARE * rate) {
		candidate_evidence(c, "nothing like that came any more between the last two walks");
		if (is_done(m, rate)) {
			settle(c, VERDICT_WARM_UP, 0.8);
		} else {
			settle(c, VERDICT_UNDECIDED, 0.3);
			needs_longer(c, LONGER * m->look);
		}
	} else if (heap_contradicts(m)) {
		candidate_evidence(
			c, "the heap as a whole did not grow with it: its content is replaced");
		settle(c, VERDICT_UNDECIDED, 0.3);
		needs_longer(c, LONGER * m->look);
	} else {
		settle(c, m->lasting ? VERDICT_LEAK : VERDICT_UNDECIDED,
		       0.8 * (1 - 1 / sqrt((double)m->objects)));
	}
}

void verdict_judge(struct candidate *c, const struct measured *m)
{
	c->inuse_bytes = (int64_t)m->bytes;
	c->inuse_objects = (int64_t)m->objects;
	c->bytes_per_second = m->interval > 0 ? (double)m->bytes / m->interval : 0;
	c->objects_per_second = m->interval > 0 ? (double)m->objects / m->interval : 0;
	c->evidence_count = 0;
	c->settled_by = 0;
	if (m->objects)
		candidate_evidence(c,
				   "%llu objects born in %.1f s were still there at the last walk",
				   (unsigned long long)m->objects, m->interval);
	if (m->size.count)
		judge_sized(c, m);
	else
		judge_slot(c, m);
	if (c->verdict == VERDICT_LEAK && is_gone(c, m))
		return;
	if (c->verdict == VERDICT_LEAK && m->through_raw) {
		candidate_evidence(c,
				   "it is held through memory of C code, whose words may be stale");
		settle(c, VERDICT_UNDECIDED, 0.4);
	}
}

bool verdict_is_plain(const struct candidate *c, const struct measured *m)
{
	struct trend t;

	if (c->verdict != VERDICT_LEAK || c->bytes_per_second < PLAIN_BYTES_PER_SECOND)
		return false;
	if (!m->size.count)
		return m->objects >= PLAIN_GAIN * 2;
	t = trend_of(&m->size, m->arrivals_per_second * m->look);
	return t.gain >= PLAIN_GAIN && t.z >= TREND_Z_PLAIN && t.drop == 0 && t.late_share > 0.5;
}

/* What a person must do something about, before what needs another look, before what is well. */
static int weight(enum verdict v)
{
	switch (v) {
	case VERDICT_LEAK:
	case VERDICT_RESOURCE:
		return 3;
	case VERDICT_REFCOUNT:
	case VERDICT_NATIVE:
	case VERDICT_FRAGMENTATION:
		return 2;
	case VERDICT_UNDECIDED:
		return 1;
	default:
		return 0;
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = weight(y->verdict) - weight(x->verdict);

	return order ? order
		     : (x->bytes_per_second < y->bytes_per_second) -
			       (x->bytes_per_second > y->bytes_per_second);
}

/* What is not called a leak is worth a reader's time only where it is not small beside the leaks;
 * memory that is free has been weighed against the whole process. */
static bool worth_showing(const struct candidate *c, double threshold, double most)
{
	if (weight(c->verdict) == weight(VERDICT_LEAK) || c->verdict == VERDICT_FRAGMENTATION)
		return true;
	return c->verdict != VERDICT_NO_GROWTH && c->bytes_per_second >= threshold &&
	       c->bytes_per_second >= ASIDE_SHARE * most;
}

unsigned verdict_order(struct candidate *c, unsigned count, double threshold)
{
	double most = 0;
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++)
		if (c[i].verdict != VERDICT_NO_GROWTH && c[i].verdict != VERDICT_FRAGMENTATION)
			most = fmax(most, c[i].bytes_per_second);
	for (unsigned i = 0; i < count; i++)
		if (worth_showing(&c[i], threshold, most))
			c[kept++] = c[i];
	qsort(c, kept, sizeof(*c), by_weight);
	return kept;
}

static void summarize(struct report *r, const struct candidate *top)
{
	char text[UNITS_TEXT];

	switch (r->verdict) {
	case VERDICT_NO_GROWTH:
		snprintf(r->summary, sizeof(r->summary),
			 "no growth found: nothing came and stayed at more than %.0f bytes a "
			 "second",
			 r->threshold_bytes_per_second);
		return;
	case VERDICT_CACHE:
		snprintf(r->summary, sizeof(r->summary),
			 "nothing grows without end: what comes replaces what was there, or has a "
			 "bound");
		return;
	case VERDICT_WARM_UP:
		snprintf(r->summary, sizeof(r->summary),
			 "nothing grows without end: it grew at first and stopped");
		return;
	case VERDICT_UNDECIDED:
		units_duration(text, top->settled_by);
		snprintf(r->summary, sizeof(r->summary),
			 "nothing grows without end as far as this look saw%s%s%s",
			 top->settled_by ? "; a look of " : "", top->settled_by ? text : "",
			 top->settled_by ? " would settle it" : "");
		return;
	default:
		snprintf(r->summary, sizeof(r->summary),
			 "no Python object holds what grows, as far as this look saw");
	}
}

void verdict_report(struct report *r)
{
	const struct candidate *top = r->count ? &r->candidates[0] : NULL;
	double leaking = 0;
	unsigned leaks = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		if (r->candidates[i].verdict != VERDICT_LEAK)
			continue;
		leaks++;
		leaking += r->candidates[i].bytes_per_second;
	}
	r->verdict = leaks ? VERDICT_LEAK : top ? top->verdict : VERDICT_NO_GROWTH;
	if (leaks)
		snprintf(r->summary, sizeof(r->summary),
			 "%u holder%s grow%s without end, %.1f KiB a second together", leaks,
			 leaks == 1 ? "" : "s", leaks == 1 ? "s" : "", leaking / 1024);
	else
		summarize(r, top);
}
