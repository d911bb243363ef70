// SPDX-License-Identifier: Apache-2.0
/*
 * Allocation sites: the stacks that allocated what is outstanding, with their totals. Data only;
 * sample/drain.h fills it and owns it.
 */
#ifndef PYLEAK_MODEL_SITES_H
#define PYLEAK_MODEL_SITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

struct alloc_site {
	uint64_t id;	    /* as the kernel side numbers it */
	uint32_t source;    /* enum account_source of bpf/abi.h */
	bool truncated;	    /* there were more frames, or one could not be read */
	uint32_t depth;	    /* 0: no Python code, or no room for the stack */
	const uint32_t *at; /* of each frame, innermost first: index into alloc_sites.frame */
	/* Estimates of all, where only some were kept. */
	int64_t inuse_bytes, inuse_objects; /* allocated since the beginning and not freed */
	int64_t alloc_bytes, alloc_objects; /* allocated since the beginning */
	int64_t freed_bytes, freed_objects; /* of those */
};

struct alloc_sites {
	struct alloc_site *site;
	size_t count;
	struct frame *frame; /* each once */
	size_t frames;
};

#endif
