// SPDX-License-Identifier: Apache-2.0
/*
 * asyncio's tasks, futures and coroutines, and generators: things that stop half-way and hold their
 * frame until somebody goes on with them.
 */
#include <string.h>

#include "cause.h"

static bool is_task(const struct scene *s, uint64_t addr)
{
	return scene_isa(s, addr, "_asyncio.Task") || scene_isa(s, addr, "asyncio.tasks.Task");
}

static bool is_future(const struct scene *s, uint64_t addr)
{
	return scene_isa(s, addr, "_asyncio.Future") ||
	       scene_isa(s, addr, "asyncio.futures.Future") ||
	       scene_isa(s, addr, "concurrent.futures._base.Future");
}

static bool is_coroutine(const struct scene *s, uint64_t addr)
{
	return scene_is_named(s, addr, "coroutine");
}

static bool is_generator(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_GENERATOR);
}

static bool tasks(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_task, NULL))
		return false;
	return cause_say(c, "asyncio tasks are kept and none is taken out again",
			 "Drop each task when it is done, task.add_done_callback(tasks.discard), "
			 "and let none wait for ever: asyncio.wait_for(..., timeout).");
}

static bool futures(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_future, NULL))
		return false;
	return cause_say(c, "futures are kept after they were made",
			 "Drop each future once its result was taken, and give those whose result "
			 "never comes a timeout.");
}

static bool coroutines(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_coroutine, NULL))
		return false;
	return cause_say(c, "coroutines are kept that were never awaited to their end",
			 "Await each coroutine, hand it to asyncio.create_task(), or close() it: "
			 "until then it holds its frame and all its arguments.");
}

static bool generators(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_generator, NULL))
		return false;
	return cause_say(c, "generators are kept that were not run to their end",
			 "Run each to its end or close() it and let it go: a generator that waits "
			 "holds its frame and all its local variables.");
}

static const struct cause table[] = { { "tasks", tasks },
				      { "futures", futures },
				      { "coroutines", coroutines },
				      { "generators", generators } };

const struct cause_family causes_async = CAUSE_FAMILY(table);
