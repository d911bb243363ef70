// SPDX-License-Identifier: Apache-2.0
/*
 * logging: Logger.handlers and .filters, and the list of weak references to all handlers that the
 * module keeps.
 */
#include <string.h>

#include "cause.h"

#define ADVICE                                                                           \
	"Add handlers once, where the program starts, or take each away again with "     \
	"logger.removeHandler(handler) and handler.close(): every one is kept and gets " \
	"every record."

static bool handlers(const struct scene *s, struct candidate *c)
{
	char name[SCENE_NAME];
	uint64_t owner = scene_owner(s, name, sizeof(name));

	if (!owner || !scene_isa(s, owner, "logging.Filterer") ||
	    !scene_isa(s, owner, "logging.Logger"))
		return false;
	if (strcmp(name, "handlers") == 0 && scene_are(s, "logging.Handler"))
		return cause_say(c, "handlers are added to a logger again and again", ADVICE);
	if (strcmp(name, "filters") == 0)
		return cause_say(c, "filters are added to a logger again and again",
				 "Add filters once, where the program starts, or take each away "
				 "again with logger.removeFilter(filter).");
	return false;
}

/* logging._handlerList, logging._handlers: of all handlers, until they are gone. */
static bool all_handlers(const struct scene *s, struct candidate *c)
{
	if (!scene_in_module(s, "logging") || !scene_are_kind(s, KIND_WEAKREF))
		return false;
	return cause_say(c, "logging handlers are made again and again, and none goes", ADVICE);
}

static const struct cause table[] = { { "logging handlers", handlers },
				      { "all logging handlers", all_handlers } };

const struct cause_family causes_logging = CAUSE_FAMILY(table);
