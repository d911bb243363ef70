// SPDX-License-Identifier: Apache-2.0
#include "pause.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const cause_names[] = {
	[PAUSE_CAUSE_UNKNOWN] = "",
	[PAUSE_AUTOMATIC] = "automatic",
	[PAUSE_EXPLICIT] = "explicit",
	[PAUSE_SHUTDOWN] = "shutdown",
};

const char *pause_cause_name(enum pause_cause c)
{
	return cause_names[c];
}

void pauses_release(struct pauses *p)
{
	report_release(&p->look);
	free(p->pause);
	free(p->stack);
	free(p->suspect);
	p->pause = NULL;
	p->stack = NULL;
	p->suspect = NULL;
	p->count = p->stacks = 0;
}

uint64_t pauses_total_ns(const struct pauses *p)
{
	uint64_t ns = 0;

	for (int i = 0; i < PAUSE_GENERATIONS; i++)
		ns += p->generation[i].total_ns;
	return ns;
}

uint64_t pauses_counted(const struct pauses *p)
{
	uint64_t count = 0;

	for (int i = 0; i < PAUSE_GENERATIONS; i++)
		count += p->generation[i].count;
	return count;
}

double pauses_share(const struct pauses *p)
{
	double watched = p->look.duration_seconds * 1e9;

	return watched > 0 ? (double)pauses_total_ns(p) / watched : 0;
}

void pauses_sum(struct pause_sum *sum, const struct pauses *p)
{
	const struct pause_stack *longest = NULL;

	*sum = (struct pause_sum){ .seconds = p->look.duration_seconds,
				   .count = pauses_counted(p),
				   .total_ns = pauses_total_ns(p) };
	for (int g = 0; g < PAUSE_GENERATIONS; g++)
		if (p->generation[g].max_ns > sum->max_ns)
			sum->max_ns = p->generation[g].max_ns;
	for (size_t i = 0; i < p->stacks; i++)
		if (!longest || p->stack[i].max_ns > longest->max_ns)
			longest = &p->stack[i];
	if (longest && longest->own < longest->stack.depth) {
		const struct frame *f = &longest->stack.frame[longest->own];

		snprintf(sum->function, sizeof(sum->function), "%.127s", f->function);
		snprintf(sum->file, sizeof(sum->file), "%.255s", f->file);
		sum->line = f->line;
	}
}
