// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel side counted, out of its maps: new stacks as they come, with names resolved while
 * the code objects live; totals when asked for.
 *
 *	ring buffer `stacks` --> drain_stacks() --> frames with names --.
 *	map `sites` ----------> drain_totals() --> totals -------------'-> struct alloc_sites
 *	map `live` <----------- drain_thin(): takes out what a raised shift does not keep
 */
#ifndef PYLEAK_SAMPLE_DRAIN_H
#define PYLEAK_SAMPLE_DRAIN_H

#include <stdint.h>

#include "../model/sites.h"
#include "../probe/account.h"
#include "../symbolize/pyframe.h"

#define DRAIN_INTERVAL_MS 20 /* how often drain_stacks() and drain_thin() are to be called */
#define DRAIN_SITES_MAX (1u << 17)  /* more stacks than these have no frames */
#define DRAIN_FRAMES_MAX (1u << 16) /* different frames; 25 MiB */

struct drain;

/* 0, -ENOMEM, or -errno where the ring buffer cannot be mapped. Both are borrowed. */
int drain_open(struct drain **out, struct account *account, struct pyframes *frames);
void drain_close(struct drain *d);

/* Take new stacks and name their frames. How many, or -errno. */
int drain_stacks(struct drain *d);

/* If programs raised the shift, take out of `live` what it does not keep. 0 or -errno. */
int drain_thin(struct drain *d);

/*
 * The sites with their totals as of now, most outstanding bytes first; valid until the next call.
 * 0 or -errno.
 */
int drain_totals(struct drain *d, const struct alloc_sites **out);

/*
 * Call @fn for each outstanding allocation that is kept, in no order, with its address and what
 * `live` says of it. 0 or -errno.
 */
int drain_live(struct drain *d,
	       void (*fn)(void *arg, uint64_t address, const struct live_block *block), void *arg);

struct drain_loss {
	uint64_t unresolved_frames, frames_full, stacks_full;
	uint64_t unknown_bytes, unknown_objects; /* outstanding at SITE_OVERFLOW */
};
void drain_loss(const struct drain *d, struct drain_loss *out);

#endif
