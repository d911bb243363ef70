// SPDX-License-Identifier: Apache-2.0
/*
 * The parts of exact.h that are only data: sites to candidates, and a set of addresses.
 */
#ifndef PYLEAK_SESSION_EXACT_SITES_H
#define PYLEAK_SESSION_EXACT_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../model/report.h"
#include "../model/sites.h"

#define EXACT_CANDIDATES_MAX 64 /* most outstanding bytes first; others are left out */

/*
 * Stacks alike by name and line become one candidate each, in @r. Without @pools new pools do not
 * count, with it pymalloc's own blocks do not. 0 or -ENOMEM.
 */
int exact_candidates(struct report *r, const struct alloc_sites *all, bool pools);

struct addresses {
	uint64_t *address; /* owned */
	size_t count, cap;
};

/* What there is no memory for is left out: a coverage is then too small. */
void addresses_add(struct addresses *a, uint64_t address);
void addresses_sort(struct addresses *a);
bool addresses_have(const struct addresses *a, uint64_t address); /* once sorted */
void addresses_release(struct addresses *a);

#endif
