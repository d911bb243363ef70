// SPDX-License-Identifier: Apache-2.0
#include "exact_sites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/abi.h"
#include "../symbolize/pyframe.h"
#include "../util/grow.h"

static const char *source_text(uint32_t source)
{
	switch (source) {
	case ACCOUNT_PYMALLOC:
		return "by CPython's allocator";
	case ACCOUNT_LIBC:
		return "by malloc";
	case ACCOUNT_MMAP:
		return "by mmap";
	default:
		return "as new pools of small blocks, an estimate";
	}
}

static bool same_stack(const struct alloc_site *a, const struct alloc_site *b)
{
	return a->source == b->source && a->depth == b->depth &&
	       (a->depth == 0 || memcmp(a->at, b->at, a->depth * sizeof(*a->at)) == 0);
}

static int by_stack(const void *a, const void *b)
{
	const struct alloc_site *x = a, *y = b;

	if (x->source != y->source || x->depth != y->depth)
		return x->source != y->source ? (x->source > y->source ? 1 : -1)
					      : (x->depth > y->depth ? 1 : -1);
	return x->depth ? memcmp(x->at, y->at, x->depth * sizeof(*x->at)) : 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct alloc_site *x = a, *y = b;

	return (x->inuse_bytes < y->inuse_bytes) - (x->inuse_bytes > y->inuse_bytes);
}

/* Copy those that count into @into and add up those with the same stack; how many are left. */
static size_t merge(struct alloc_site *into, const struct alloc_sites *all, bool pools)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < all->count; i++)
		if (all->site[i].source != (pools ? ACCOUNT_PYMALLOC : ACCOUNT_POOL) &&
		    all->site[i].inuse_bytes > 0)
			into[count++] = all->site[i];
	qsort(into, count, sizeof(*into), by_stack);
	for (size_t i = 0; i < count; i++) {
		if (kept && same_stack(&into[kept - 1], &into[i])) {
			into[kept - 1].inuse_bytes += into[i].inuse_bytes;
			into[kept - 1].inuse_objects += into[i].inuse_objects;
			into[kept - 1].alloc_objects += into[i].alloc_objects;
			into[kept - 1].freed_objects += into[i].freed_objects;
		} else {
			into[kept++] = into[i];
		}
	}
	qsort(into, kept, sizeof(*into), by_bytes);
	return kept;
}

static void fill_stack(struct candidate *c, const struct alloc_sites *all,
		       const struct alloc_site *site)
{
	c->stack.truncated = site->truncated;
	c->stack.depth = site->depth < REPORT_STACK_MAX ? site->depth : REPORT_STACK_MAX;
	for (uint32_t i = 0; i < c->stack.depth; i++)
		c->stack.frame[i] = all->frame[site->at[i]];
	if (!c->stack.depth) {
		snprintf(c->why_no_line, sizeof(c->why_no_line),
			 (site->id & ~0xfull) == SITE_OVERFLOW
				 ? "there was no room for its stack"
				 : "allocated by a thread that runs no Python code");
		return;
	}
	c->allocated_known = true;
	c->allocated_at = c->stack.frame[0];
}

static void fill_candidate(struct candidate *c, const struct alloc_sites *all,
			   const struct alloc_site *site, bool pools, double seconds)
{
	bool native = site->source == ACCOUNT_LIBC || site->source == ACCOUNT_MMAP;

	/* Where pymalloc is not seen, its own calls of malloc look like anyone's. */
	c->verdict = native && !pools ? VERDICT_NATIVE : VERDICT_UNDECIDED;
	c->inuse_bytes = site->inuse_bytes;
	c->inuse_objects = site->inuse_objects;
	c->bytes_per_second = (double)site->inuse_bytes / seconds;
	c->objects_per_second = (double)site->inuse_objects / seconds;
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	fill_stack(c, all, site);
	candidate_evidence(c, "allocated %s, %lld times; %lld of them were freed",
			   source_text(site->source), (long long)site->alloc_objects,
			   (long long)site->freed_objects);
}

int exact_candidates(struct report *r, const struct alloc_sites *all, bool pools)
{
	struct alloc_site *site = calloc(all->count + 1, sizeof(*site));
	size_t count;

	r->candidates = calloc(EXACT_CANDIDATES_MAX, sizeof(*r->candidates));
	if (!site || !r->candidates) {
		free(site);
		return -ENOMEM;
	}
	count = merge(site, all, pools);
	for (size_t i = 0; i < count && i < EXACT_CANDIDATES_MAX; i++)
		fill_candidate(&r->candidates[r->count++], all, &site[i], pools,
			       r->duration_seconds);
	free(site);
	return 0;
}

void addresses_add(struct addresses *a, uint64_t address)
{
	if (grow(&a->address, &a->cap, a->count + 1, sizeof(*a->address)) == 0)
		a->address[a->count++] = address;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void addresses_sort(struct addresses *a)
{
	if (a->count)
		qsort(a->address, a->count, sizeof(*a->address), by_address);
}

bool addresses_have(const struct addresses *a, uint64_t address)
{
	return a->count &&
	       bsearch(&address, a->address, a->count, sizeof(*a->address), by_address);
}

void addresses_release(struct addresses *a)
{
	free(a->address);
	*a = (struct addresses){ 0 };
}
