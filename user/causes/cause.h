// SPDX-License-Identifier: Apache-2.0
/*
 * What such a growing holder usually means, and what to change: each cause is a function that
 * recognises it by what is in the heap, and says so in a sentence. Families are a file each; a new
 * cause is a function, a line in its file's table, and a program in tests/targets.
 */
#ifndef PYLEAK_CAUSES_CAUSE_H
#define PYLEAK_CAUSES_CAUSE_H

#include "../model/report.h"
#include "scene.h"

struct cause {
	const char *name; /* for tests: nobody else sees it */
	/* Does it fit? Then say so with cause_say(). */
	bool (*find)(const struct scene *s, struct candidate *c);
};

struct cause_family {
	const struct cause *cause;
	unsigned count;
};

#define CAUSE_FAMILY(table)                                           \
	{                                                             \
		(table), (unsigned)(sizeof(table) / sizeof(*(table))) \
	}

/* By whose it is. */
extern const struct cause_family causes_lru, causes_collector, causes_logging, causes_threads,
	causes_queues, causes_classes, causes_sessions;
/* By what is in it. */
extern const struct cause_family causes_exceptions, causes_async, causes_handles, causes_callbacks,
	causes_graphs, causes_buffers, causes_strings;
/* By what it is. */
extern const struct cause_family causes_containers;

/* Always true, so that a cause may end with it. */
bool cause_say(struct candidate *c, const char *cause, const char *advice);

/* The cause of the holder's growth into @c->cause and @c->advice; both "" where none fits. */
void causes_find(struct heap *heap, const struct holder *holder, struct candidate *c);

#endif
