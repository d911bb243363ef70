// SPDX-License-Identifier: Apache-2.0
/*
 * Queues: what is put in comes faster than what is taken out.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"

static const char *const classes[] = { "queue.Queue", "_queue.SimpleQueue", "asyncio.queues.Queue",
				       "multiprocessing.queues.Queue" };

static const char *class_of(const struct scene *s, uint64_t addr)
{
	for (size_t i = 0; addr && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (scene_isa(s, addr, classes[i]))
			return classes[i];
	return NULL;
}

static bool queue(const struct scene *s, struct candidate *c)
{
	char name[SCENE_NAME], cause[sizeof(c->cause)];
	const char *class;

	if (!s->self.type)
		return false;
	/* a SimpleQueue of 3.13 and later keeps its elements itself, others in a list or a deque */
	if (s->self.type->kind == KIND_DEQUE || s->self.type->kind == KIND_LIST)
		class = class_of(s, scene_owner(s, name, sizeof(name)));
	else
		class = s->holder->sized ? NULL : class_of(s, s->self.addr);
	if (!class)
		return false;
	snprintf(cause, sizeof(cause), "%s is filled faster than it is drained", class);
	return cause_say(c, cause,
			 "Start its consumer, or more of them, and see that none has died; with a "
			 "bound, Queue(maxsize=1000), producers wait instead of filling memory.");
}

static const struct cause table[] = { { "queue", queue } };

const struct cause_family causes_queues = CAUSE_FAMILY(table);
