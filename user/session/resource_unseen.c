// SPDX-License-Identifier: Apache-2.0
/*
 * What no line was seen to make: it was there before, or came by a way that no system call shows,
 * inherited, in a message over a socket, or opened by io_uring.
 */
#include <errno.h>

#include "../rank/resources.h"
#include "resource_rows.h"

/* Descriptors alike enough for one row: of a kind, and owned by objects of a type. */
static struct resource_row *row_for(struct resource_rows *rows, enum resource_kind kind,
				    unsigned type)
{
	struct resource_row *row;

	for (size_t k = 0; k < rows->count; k++)
		if (rows->row[k].kind == kind && rows->row[k].owner_type == type)
			return &rows->row[k];
	row = resource_rows_add(rows);
	if (row) {
		row->owner_type = type;
		row->kind = kind;
		row->made = row->closed = UNKNOWN;
		row->oldest_seconds = -1;
		row->about.inuse_objects = row->about.inuse_bytes = UNKNOWN;
	}
	return row;
}

static void say_what_came(struct resources *r)
{
	int64_t came = 0;

	for (size_t i = 0; i < r->unseen.count; i++)
		came += r->unseen.row[i].came;
	if (came >= RESOURCES_LEAST)
		report_warn(&r->look,
			    "%lld descriptors came and stayed that no watched call made: received "
			    "over a socket, or opened by io_uring",
			    (long long)came);
}

int resource_unseen_fill(struct resources *r, struct resource_view *v)
{
	const struct descriptors *d = &v->descriptors;

	for (size_t i = 0; i < d->count; i++) {
		const struct descriptor *one = &d->descriptor[i];
		struct resource_row *row;

		if (v->row_of[i] != ROW_NONE)
			continue;
		row = row_for(&r->unseen, one->kind, v->owner_type ? v->owner_type[i] : 0);
		if (!row)
			return -ENOMEM;
		row->live++;
		row->came += v->came && descriptors_has(v->came, one);
		resource_row_what(row, one->what);
		v->row_of[i] = -1 - (int32_t)(row - r->unseen.row);
	}
	for (size_t i = 0; !v->came && i < r->unseen.count; i++)
		r->unseen.row[i].came = UNKNOWN;
	if (v->came)
		say_what_came(r);
	return 0;
}
