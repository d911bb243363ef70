// SPDX-License-Identifier: Apache-2.0
#include "turns.h"

bool turn_grows(const struct turn *t)
{
	return t->rate > 0 || t->descriptors;
}

bool turn_before(const struct turn *a, const struct turn *b)
{
	if (!a || !b)
		return a;
	if (a->looked_ns != b->looked_ns)
		return a->looked_ns < b->looked_ns;
	return a->rate > b->rate;
}

bool turn_is_due(const struct turn *t, uint64_t now_ns)
{
	return turn_grows(t) && now_ns >= t->not_before_ns && !t->group->looking &&
	       now_ns >= t->group->not_before_ns;
}

void turn_begin(struct turn *t)
{
	t->group->looking = true;
}

void turn_end(struct turn *t, enum look_result result, uint64_t now_ns, uint64_t again_ns,
	      uint64_t again_most_ns)
{
	struct turn_group *g = t->group;
	uint64_t wait = again_ns;

	for (unsigned i = 0; i < t->looks && wait < again_most_ns; i++)
		wait *= 2;
	t->looks++;
	t->looked_ns = now_ns;
	t->not_before_ns = now_ns + (wait < again_most_ns ? wait : again_most_ns);
	if (result == LOOK_NEW || !g->wait_ns)
		g->wait_ns = TURN_GROUP_WAIT_NS;
	else if (g->wait_ns < TURN_GROUP_WAIT_MOST_NS)
		g->wait_ns *= 2;
	g->not_before_ns = now_ns + g->wait_ns;
	g->looking = false;
}

bool allowance_is_left(struct allowance *a, uint64_t now_ns)
{
	double passed = (double)(now_ns - a->at_ns) / 1e9;

	a->seconds = a->at_ns ? a->seconds + passed * a->per_second : a->most;
	if (a->seconds > a->most)
		a->seconds = a->most;
	a->at_ns = now_ns;
	return a->seconds > 0;
}

void allowance_use(struct allowance *a, double seconds)
{
	a->seconds -= seconds;
}
