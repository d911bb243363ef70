// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cause.h"

/*
 * The first that fits is taken, so the special stand before the general: whose a container is says
 * more than what is in it, and that more than that it grows.
 */
static const struct cause_family *const families[] = {
	&causes_collector, &causes_lru,	       &causes_logging, &causes_threads, &causes_queues,
	&causes_sessions,  &causes_exceptions, &causes_async,	&causes_handles, &causes_callbacks,
	&causes_graphs,	   &causes_classes,    &causes_buffers, &causes_strings, &causes_containers,
};

bool cause_say(struct candidate *c, const char *cause, const char *advice)
{
	snprintf(c->cause, sizeof(c->cause), "%s", cause);
	snprintf(c->advice, sizeof(c->advice), "%s", advice);
	return true;
}

void causes_find(struct heap *heap, const struct holder *holder, struct candidate *c)
{
	struct scene s;

	c->cause[0] = c->advice[0] = '\0';
	if (!scene_set(&s, heap, holder))
		return;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (unsigned k = 0; k < families[i]->count; k++)
			if (families[i]->cause[k].find(&s, c))
				return;
}
