// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const verdict_names[] = {
	[VERDICT_UNDECIDED] = "undecided",
	[VERDICT_LEAK] = "leak",
	[VERDICT_CACHE] = "cache",
	[VERDICT_NATIVE] = "native",
	[VERDICT_NO_GROWTH] = "no-growth",
	[VERDICT_WARM_UP] = "warm-up",
	[VERDICT_FRAGMENTATION] = "fragmentation",
	[VERDICT_REFCOUNT] = "refcount",
	[VERDICT_RESOURCE] = "resource",
};

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

void report_release(struct report *r)
{
	free(r->candidates);
	free(r->lines);
	r->candidates = NULL;
	r->lines = NULL;
	r->count = r->line_count = 0;
}

/*
 * Of more warnings than there is room for, the first ones stay: they are about what failed
 * earliest.
 */
void report_warn(struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->warning_count >= sizeof(r->warnings) / sizeof(r->warnings[0]))
		return;
	va_start(ap, fmt);
	vsnprintf(r->warnings[r->warning_count++], sizeof(r->warnings[0]), fmt, ap);
	va_end(ap);
}

void candidate_evidence(struct candidate *c, const char *fmt, ...)
{
	va_list ap;

	if (c->evidence_count >= REPORT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(c->evidence[c->evidence_count++], sizeof(c->evidence[0]), fmt, ap);
	va_end(ap);
}
