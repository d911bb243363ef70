// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of a census from what was counted on the heap. Each appends to a view; 0 or -ENOMEM.
 */
#ifndef PYLEAK_SESSION_ROWS_H
#define PYLEAK_SESSION_ROWS_H

#include "../heap/dominators.h"
#include "../heap/heap.h"
#include "../heap/held.h"
#include "../heap/refcounts.h"
#include "../heap/tally.h"
#include "../model/census.h"

int rows_types(struct census_view *v, const struct tally *t);
int rows_sizes(struct census_view *v, const struct tally *t);

/* Objects by the walk that saw them first; @h says when the walks were. */
int rows_ages(struct census_view *v, const struct tally *t, const struct history *h);

/* @d is NULL where retained sizes are not asked for. */
int rows_holders(struct census_view *v, const struct held_list *held, const struct dominators *d,
		 struct reach *r);
int rows_modules(struct census_view *v, const struct held_list *held, const struct reach *r);

void rows_nobody(struct census_nobody *nobody, const struct refcounts *found,
		 const struct types *types);

/* "str x1,200 61.2 KiB, C memory 1.2 KiB" */
void rows_content(const struct types *types, const struct held_content *content, char *buf,
		  size_t cap);

#endif
