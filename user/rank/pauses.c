// SPDX-License-Identifier: Apache-2.0
#include "pauses.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "pause_trend.h"

#define OLDEST (PAUSE_GENERATIONS - 1)

/* A full collection that frees less than this share of what it goes through found nothing. */
#define FREED_SHARE 0.005
#define FULL_LEAST 2 /* full collections before they are judged as a kind */

/* Growth of pauses: so many, so closely tied to the objects tracked, by so much while watched. */
#define TREND_POINTS 4
#define TREND_CORRELATION 0.7
#define TREND_FEW 6 /* below so many, a line through them must fit better */
#define TREND_CORRELATION_FEW 0.9
#define TREND_GAIN 0.1

#define EXPLICIT_LEAST 3
#define EXPLICIT_PER_SECOND 0.2
#define OFF_SHARE 0.3

static void __attribute__((format(printf, 4, 5)))
find(struct pauses *p, const char *name, enum pause_severity severity, const char *fmt, ...)
{
	struct pause_finding *f = &p->finding[p->findings];
	va_list ap;

	if (p->findings == PAUSE_FINDINGS_MAX)
		return;
	*f = (struct pause_finding){ .name = name, .severity = severity };
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	p->findings++;
}

static void __attribute__((format(printf, 2, 3))) advise(struct pauses *p, const char *fmt, ...)
{
	struct pause_finding *f = &p->finding[p->findings - 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->advice, sizeof(f->advice), fmt, ap);
	va_end(ap);
}

static double watched_ns(const struct pauses *p)
{
	return p->look.duration_seconds > 0 ? p->look.duration_seconds * 1e9 : 1;
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static uint64_t longest_ns(const struct pauses *p)
{
	uint64_t most = 0;

	for (int i = 0; i < PAUSE_GENERATIONS; i++)
		if (p->generation[i].max_ns > most)
			most = p->generation[i].max_ns;
	return most;
}

/* What runs by itself, of one generation, among those that were kept. */
struct automatic {
	uint64_t count, ns;
	int64_t collected, tracked; /* summed */
};

static struct automatic automatic_of(const struct pauses *p, uint32_t generation)
{
	struct automatic a = { 0 };

	for (size_t i = 0; i < p->count; i++) {
		const struct pause *one = &p->pause[i];

		if (one->generation != generation || one->cause != PAUSE_AUTOMATIC)
			continue;
		a.count++;
		a.ns += one->pause_ns;
		a.collected += one->collected;
		if (one->tracked != UNKNOWN)
			a.tracked += one->tracked;
	}
	return a;
}

static void judge_time(struct pauses *p)
{
	double share = pauses_share(p);
	char longest[UNITS_TEXT], total[UNITS_TEXT];

	if (share < PAUSES_SHARE_NOTE && longest_ns(p) < PAUSES_LONG_NS)
		return;
	units_span(longest, seconds(longest_ns(p)));
	units_span(total, seconds(pauses_total_ns(p)));
	if (share >= PAUSES_SHARE_NOTE)
		find(p, "time", share >= PAUSES_SHARE_BAD ? PAUSE_BAD : PAUSE_NOTE,
		     "the collector took %.1f %% of the time: %s of %.1f s, at most %s at once",
		     100 * share, total, p->look.duration_seconds, longest);
	else
		find(p, "longest", PAUSE_NOTE,
		     "collections are few, %.1f %% of the time, but stop a thread for up to %s",
		     100 * share, longest);
}

/*
 * Full collections that come by themselves and free next to nothing: what they go through lives
 * long. Freezing it takes it out of all of them; a higher threshold makes them fewer. The youngest
 * generations' work stays.
 */
static void judge_long_lived(struct pauses *p)
{
	struct automatic a = automatic_of(p, OLDEST);
	char each[UNITS_TEXT], all[UNITS_TEXT], tracked[UNITS_TEXT], freed[UNITS_TEXT];
	bool frees = (double)a.collected > FREED_SHARE * (double)a.tracked;
	double share = (double)a.ns / watched_ns(p);
	int threshold = p->threshold[OLDEST] > 0 ? p->threshold[OLDEST] : 10;

	if (a.count < FULL_LEAST || !a.tracked || frees ||
	    (share < PAUSES_SHARE_NOTE && p->generation[OLDEST].max_ns < PAUSES_LONG_NS))
		return;
	units_span(each, seconds(a.ns / a.count));
	units_span(all, seconds(a.ns));
	units_count(tracked, a.tracked / (int64_t)a.count);
	units_count(freed, a.collected / (int64_t)a.count);
	find(p, "long-lived", share >= PAUSES_SHARE_BAD ? PAUSE_BAD : PAUSE_NOTE,
	     "%" PRIu64 " full collections of %s each went through %s objects and freed %s: nearly "
	     "all of them live long",
	     a.count, each, tracked, freed);
	advise(p,
	       "gc.freeze() once these objects exist takes them out of every collection, up to "
	       "%s (%.1f %% of the time) here; or gc.set_threshold(%d, %d, %d): a tenth of the "
	       "full "
	       "collections",
	       all, 100 * share, p->threshold[0], p->threshold[1], 10 * threshold);
}

static bool is_growing(const struct pauses *p, const struct pause_trend *t)
{
	double gain = t->ns_per_second * p->look.duration_seconds;
	double more = t->objects_per_second * p->look.duration_seconds;
	double least = t->points < TREND_FEW ? TREND_CORRELATION_FEW : TREND_CORRELATION;

	return t->points >= TREND_POINTS && t->correlation >= least &&
	       t->correlation_tracked >= least && gain >= TREND_GAIN * t->mean_ns && more > 0 &&
	       t->mean_ns >= (double)PAUSES_LONG_NS / 10;
}

static void name_suspect(struct pauses *p)
{
	const struct candidate *c = p->suspect;
	char rate[UNITS_TEXT];

	units_rate(rate, c->objects_per_second);
	if (c->stored_known)
		advise(p,
		       "because of the leak in %.120s: %s objects/s, stored at %.100s:%d in %.60s",
		       c->held_by[0] ? c->held_by : "a holder that was not found", rate,
		       c->stored_at.file, c->stored_at.line, c->stored_at.function);
	else
		advise(p, "because of the leak in %.200s: %s objects/s",
		       c->held_by[0] ? c->held_by : "a holder that was not found", rate);
}

static void judge_growth(struct pauses *p)
{
	struct pause_trend t = pause_trend(p, OLDEST);
	char more[UNITS_TEXT], objects[UNITS_TEXT];

	p->growing = is_growing(p, &t);
	if (!p->growing)
		return;
	units_span(more, 60 * t.ns_per_second / 1e9);
	units_count(objects, (int64_t)(60 * t.objects_per_second));
	find(p, "growing", PAUSE_BAD,
	     "full collections take %s longer each minute, with %s more objects to go through a "
	     "minute",
	     more, objects);
	if (p->suspect)
		name_suspect(p);
	else
		advise(p, "something keeps objects: pyleak -p %d says which line and which holder",
		       p->look.pid);
}

/* The stack that calls for most collections. */
static const struct pause_stack *loudest_caller(const struct pauses *p)
{
	const struct pause_stack *most = NULL;

	for (size_t i = 0; i < p->stacks; i++)
		if (p->stack[i].explicit_count &&
		    (!most || p->stack[i].explicit_count > most->explicit_count))
			most = &p->stack[i];
	return most;
}

static void judge_explicit(struct pauses *p)
{
	const struct pause_stack *caller = loudest_caller(p);
	uint64_t count = 0, ns = 0;
	char total[UNITS_TEXT];
	double rate, share;

	for (size_t i = 0; i < p->count; i++) {
		if (p->pause[i].cause != PAUSE_EXPLICIT)
			continue;
		count++;
		ns += p->pause[i].pause_ns;
	}
	rate = (double)count / (watched_ns(p) / 1e9);
	share = (double)ns / watched_ns(p);
	if (count < EXPLICIT_LEAST || rate < EXPLICIT_PER_SECOND)
		return;
	units_span(total, seconds(ns));
	find(p, "explicit", share >= PAUSES_SHARE_BAD ? PAUSE_BAD : PAUSE_NOTE,
	     "gc.collect() is called %.1f times a second and takes %.1f %% of the time (%s)", rate,
	     100 * share, total);
	if (caller) {
		const struct frame *f = &caller->stack.frame[caller->own];

		advise(p,
		       "%" PRIu64 " of %" PRIu64
		       " calls come from %.140s:%d in %.80s: leave it out, "
		       "or call it where nobody waits",
		       caller->explicit_count, count, f->file, f->line, f->function);
	}
}

static void judge_garbage(struct pauses *p)
{
	char text[240], count[UNITS_TEXT];
	struct strbuf s;

	if (!p->garbage)
		return;
	strbuf_init(&s, text, sizeof(text));
	for (uint32_t i = 0; i < p->garbage_types; i++)
		strbuf_addf(&s, "%s%s x%" PRIu64, i ? ", " : "", p->garbage_type[i].type,
			    p->garbage_type[i].objects);
	units_count(count, (int64_t)p->garbage);
	find(p, "garbage", PAUSE_BAD, "gc.garbage holds %s object%s: %s", count,
	     p->garbage == 1 ? "" : "s", text);
	advise(p, "%s",
	       "they were found unreachable and could not be freed (or gc.DEBUG_SAVEALL is "
	       "set); everything they refer to stays too");
}

/* A collector that waits is another disease than one that works. */
static void judge_waiting(struct pauses *p)
{
	uint64_t off = 0, queue = 0, total = pauses_total_ns(p), faults = 0;

	for (int i = 0; i < PAUSE_GENERATIONS; i++) {
		off += p->generation[i].off_ns;
		queue += p->generation[i].queue_ns;
	}
	for (size_t i = 0; i < p->count; i++)
		faults += p->pause[i].major_faults;
	if (faults) {
		find(p, "faults", PAUSE_NOTE,
		     "collections waited for the disk: %" PRIu64 " pages of the heap were not in "
		     "memory",
		     faults);
		advise(p, "%s",
		       "the process is swapped out in part: it needs more memory, or less "
		       "heap");
	}
	if (!total || (double)off < OFF_SHARE * (double)total ||
	    longest_ns(p) < PAUSES_LONG_NS / 10)
		return;
	find(p, "waiting", PAUSE_NOTE,
	     "%.0f %% of the pauses' time the thread was not on a CPU: %.0f %% it waited for one, "
	     "%.0f %% it was blocked",
	     100 * (double)off / (double)total, 100 * (double)queue / (double)total,
	     100 * (double)(off > queue ? off - queue : 0) / (double)total);
	advise(p, "%s",
	       queue * 2 > off ? "others compete for the CPUs, or a CPU quota is used up; "
				 "less collecting alone will not help"
			       : "finalizers or weak reference callbacks that wait run inside "
				 "collections");
}

static void judge_nothing(struct pauses *p)
{
	char longest[UNITS_TEXT];

	if (p->findings)
		return;
	units_span(longest, seconds(longest_ns(p)));
	if (!pauses_counted(p))
		find(p, "none", PAUSE_GOOD, "no collection was seen: %s",
		     p->enabled ? "too few objects are created" : "gc.disable() is in force");
	else
		find(p, "good", PAUSE_GOOD,
		     "the collector is not what makes this process slow: %.2f %% of the time, at "
		     "most %s at once",
		     100 * pauses_share(p), longest);
}

static void worst_first(struct pauses *p)
{
	for (uint32_t i = 1; i < p->findings; i++)
		for (uint32_t k = i; k && p->finding[k].severity > p->finding[k - 1].severity;
		     k--) {
			struct pause_finding other = p->finding[k];

			p->finding[k] = p->finding[k - 1];
			p->finding[k - 1] = other;
		}
}

void pauses_judge(struct pauses *p)
{
	p->findings = 0;
	judge_time(p);
	judge_growth(p);
	judge_long_lived(p);
	judge_explicit(p);
	judge_garbage(p);
	judge_waiting(p);
	judge_nothing(p);
	worst_first(p);
}
