// SPDX-License-Identifier: Apache-2.0
/*
 * Threads, and what belongs to one: thread-local data, context variables.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"

/* threading._active: every thread that runs, by its identity. */
static bool running(const struct scene *s, struct candidate *c)
{
	if (!scene_are(s, "threading.Thread"))
		return false;
	if (scene_in_module(s, "threading") && s->self.type->kind == KIND_DICT)
		return cause_say(c, "threads are started that never end",
				 "Let each thread's function return, or hand the work to a pool of "
				 "fixed size (concurrent.futures.ThreadPoolExecutor); find out "
				 "what their target waits for.");
	return cause_say(c, "Thread objects are kept after they were started",
			 "Drop each thread once it was joined, or hand the work to a pool of fixed "
			 "size (concurrent.futures.ThreadPoolExecutor).");
}

/* It hangs from the thread's own state, or from the object in a module that stands for it. */
static bool belongs(const struct scene *s, const char *root, const char *type)
{
	if (s->root && s->root->kind == ROOT_THREAD && strcmp(s->root->label, root) == 0)
		return true;
	for (unsigned i = 0; i < s->levels; i++)
		if (s->above[i].type && strcmp(s->above[i].type->name, type) == 0)
			return true;
	return false;
}

static bool local(const struct scene *s, struct candidate *c)
{
	if (!belongs(s, "thread-local data", "_thread._local"))
		return false;
	return cause_say(c, "thread-local data grows in threads that live on",
			 "Empty it at the end of each request or job: the threads of a pool do not "
			 "end, so neither does what is in their threading.local().");
}

static bool context(const struct scene *s, struct candidate *c)
{
	if (!belongs(s, "context of a thread", "_contextvars.ContextVar") &&
	    !belongs(s, "context of a thread", "ContextVar"))
		return false;
	return cause_say(c, "a container in a context variable is only added to",
			 "Set a new one with ContextVar.set() where a request begins and reset() "
			 "it where it ends: a container shared by all requests never goes.");
}

/* threading.Condition._waiters: a lock for each thread that waits. */
static bool waiting(const struct scene *s, struct candidate *c)
{
	char name[SCENE_NAME];
	uint64_t owner = scene_owner(s, name, sizeof(name));

	if (!owner || strcmp(name, "_waiters") != 0 || !scene_isa(s, owner, "threading.Condition"))
		return false;
	return cause_say(c, "ever more threads wait for the same thing",
			 "See that what they wait for comes (set(), notify(), put()), or let them "
			 "wait with a timeout and give up.");
}

static const struct cause table[] = { { "threads", running },
				      { "waiting threads", waiting },
				      { "thread-local", local },
				      { "context variable", context } };

const struct cause_family causes_threads = CAUSE_FAMILY(table);
