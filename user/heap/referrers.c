// SPDX-License-Identifier: Apache-2.0
#include "referrers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"
#include "../util/pages.h"

/* The root that the search adds just now; PARENT_NONE where there is no room. */
static uint32_t root_now(struct referrers *f)
{
	const char *label = f->r->adding.label;
	struct root *last = f->roots ? &f->root[f->roots - 1] : NULL;

	if (last && last->kind == f->r->adding.kind && strcmp(last->label, label) == 0)
		return REFERRER_ROOT((uint32_t)f->roots - 1);
	if (f->roots == REFERRERS_ROOTS ||
	    grow(&f->root, &f->root_cap, f->roots + 1, sizeof(*f->root)) || !f->root)
		return PARENT_NONE;
	last = &f->root[f->roots];
	last->kind = f->r->adding.kind;
	snprintf(last->label, sizeof(last->label), "%.115s", label);
	return REFERRER_ROOT((uint32_t)f->roots++);
}

bool referrers_is_unsure(const struct referrers *f, const struct ref *ref)
{
	const struct root *root;

	if (!referrers_is_root(f, ref->from))
		return reach_type(f->r, ref->from) == TYPE_NONE;
	root = &f->root[PARENT_NONE - 1 - ref->from];
	/* how far a frame's value stack reaches is in a register while it runs */
	return root->kind >= ROOT_DATA ||
	       (root->kind == ROOT_FRAME && strstr(root->label, ": <stack>"));
}

static void note(void *arg, uint32_t from, unsigned edge, uint32_t to)
{
	struct referrers *f = arg;

	if (f->next)
		f->next->edge(f->next->arg, from, edge, to);
	if (!referrers_is_target(f, to))
		return;
	if (from == PARENT_NONE)
		from = root_now(f);
	if (from == PARENT_NONE || f->refs == REFERRERS_MAX) {
		f->lost++;
		return;
	}
	if (pages_grow(&f->ref, &f->ref_cap, f->refs + 1, sizeof(*f->ref)))
		f->err = -ENOMEM;
	else
		f->ref[f->refs++] = (struct ref){ from, to, (uint16_t)edge };
	if (!f->err)
		f->unsure += referrers_is_unsure(f, &f->ref[f->refs - 1]);
}

int referrers_init(struct referrers *f, struct reach *r, const struct reach_sink *next)
{
	*f = (struct referrers){ .r = r, .next = next };
	f->sink = (struct reach_sink){ note, f };
	f->target = calloc(r->history->now.count / 8 + 1, 1);
	return f->target ? 0 : -ENOMEM;
}

void referrers_release(struct referrers *f)
{
	free(f->target);
	free(f->root);
	pages_free(&f->block, &f->block_cap, sizeof(*f->block));
	pages_free(&f->ref, &f->ref_cap, sizeof(*f->ref));
	*f = (struct referrers){ 0 };
}

int referrers_choose(struct referrers *f, uint32_t block)
{
	if (pages_grow(&f->block, &f->block_cap, f->targets + 1, sizeof(*f->block)))
		return -ENOMEM;
	f->block[f->targets++] = block;
	f->target[block / 8] |= (uint8_t)(1u << block % 8);
	return 0;
}

int referrers_finish(struct referrers *f)
{
	const struct blocks *b = &f->r->history->now;

	f->next = NULL;
	for (uint32_t n = 0; n < b->count && !f->err; n++)
		if (b->print[n] && b->type[n] != TYPE_NONE &&
		    !parents_reached(&f->r->parents, n) &&
		    types_get(f->r->types, b->type[n])->kind != KIND_LEAF)
			reach_visit(f->r, n, &f->sink);
	return f->err;
}

size_t referrers_number(const struct referrers *f, uint32_t block)
{
	size_t lo = 0, hi = f->targets;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->block[mid] == block)
			return mid;
		if (f->block[mid] < block)
			lo = mid + 1;
		else
			hi = mid;
	}
	return SIZE_MAX;
}
