// SPDX-License-Identifier: Apache-2.0
/*
 * SQLAlchemy's Session: what it keeps until it is committed, rolled back or closed.
 */
#include <string.h>

#include "cause.h"

static bool unit_of_work(const struct scene *s, struct candidate *c)
{
	char name[SCENE_NAME];
	uint64_t owner = scene_owner(s, name, sizeof(name));

	if (!owner)
		return false;
	if (scene_isa(s, owner, "sqlalchemy.orm.session.Session") &&
	    (strcmp(name, "_new") == 0 || strcmp(name, "_deleted") == 0))
		return cause_say(c, "a SQLAlchemy Session that is added to and never flushed",
				 "Use one Session for each unit of work, with Session() as "
				 "session:, and commit() or rollback() it: until then it keeps "
				 "every new object.");
	if (scene_isa(s, owner, "sqlalchemy.orm.identity.IdentityMap"))
		return cause_say(c, "the identity map of a SQLAlchemy Session that is never closed",
				 "Close the Session after each unit of work, with Session() as "
				 "session:, or expunge_all(): it keeps what was changed and not "
				 "committed, and what you hold results of.");
	return false;
}

static const struct cause table[] = { { "SQLAlchemy session", unit_of_work } };

const struct cause_family causes_sessions = CAUSE_FAMILY(table);
