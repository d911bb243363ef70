// SPDX-License-Identifier: Apache-2.0
/*
 * From what was watched and what /proc shows to rows: those that were seen being made, by the line
 * that made them; the others, by what they are.
 */
#ifndef PYLEAK_SESSION_RESOURCE_ROWS_H
#define PYLEAK_SESSION_RESOURCE_ROWS_H

#include "../model/resources.h"
#include "../resources/descriptors.h"
#include "../target/maps.h"
#include "../target/process.h"
#include "resource_watch.h"

#define ROW_NONE INT32_MIN

/* What /proc shows at the end. */
struct resource_view {
	struct descriptors descriptors;
	struct maps maps;
	pid_t *tid;	/* owned: threads as we number them */
	pid_t *own_tid; /* owned: the same in their own namespace */
	size_t tids;
	unsigned *owner_type; /* owned: of each descriptor, its owner's; TYPE_NONE unknown */
	/* Borrowed: what came unseen while all was watched; NULL where not all was. */
	const struct descriptors *came;
	/*
	 * Owned: the row of each descriptor, behind those of each mapping, behind those of each
	 * thread: index of r->seen, or -1 - index of r->unseen; ROW_NONE.
	 */
	int32_t *row_of;
};

/* 0 or -errno. Release with resource_view_release(), also after a failure. */
int resource_view_read(struct resource_view *v, const struct process *p);
void resource_view_release(struct resource_view *v);

static inline size_t resource_view_count(const struct resource_view *v)
{
	return v->descriptors.count + v->maps.count + v->tids;
}

/*
 * Fill @r's rows, unjudged and in no order, and v->row_of; @r's threads are there. Survivors that
 * /proc does not show are left out, as ended unseen; their number in *@stale. 0 or -ENOMEM.
 */
int resource_rows_fill(struct resources *r, const struct resource_watch *w,
		       struct resource_view *v, uint64_t *stale);

/*
 * For resource_rows_fill(): what is left in @v gets rows by kind and owner, r->unseen. 0 or
 * -ENOMEM.
 */
int resource_unseen_fill(struct resources *r, struct resource_view *v);

#endif
