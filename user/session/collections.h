// SPDX-License-Identifier: Apache-2.0
/*
 * From the kernel's records of collections to struct pauses: who tripped them, why, and how long.
 */
#ifndef PYLEAK_SESSION_COLLECTIONS_H
#define PYLEAK_SESSION_COLLECTIONS_H

#include "../cpython/collector.h"
#include "../model/pause.h"
#include "../probe/gc_watch.h"
#include "../symbolize/pyframe.h"

struct collections {
	struct pauses *out;	 /* borrowed */
	struct pyframes *frames; /* borrowed */
	const struct gc_layout *layout; /* borrowed */
	size_t pause_room, stack_room;
	uint64_t *key; /* owned: of each stack, a hash of its pairs */
	size_t key_room;
	bool out_of_memory;
	struct remote *mem; /* borrowed */
	const struct py_layout *py; /* borrowed */
	struct {
		uint64_t state;
		int64_t id;
	} last; /* whose collector ran last, and its interpreter */
};

void collections_init(struct collections *c, struct pauses *out, struct pyframes *frames,
		      const struct gc_layout *layout, const struct py_layout *py,
		      struct remote *mem);
void collections_release(struct collections *c);

/* Take one record. For gc_watch_poll(). */
void collections_take(void *arg, const struct gc_event *event);

/* Fill the summaries, and what was lost, from the kernel's sums. */
void collections_sum(struct collections *c, const struct gc_watch_stats *stats);

/*
 * The pause below which a share of @share (0..1) of them lies, from the kernel's histogram: exact
 * to a sixteenth of its value.
 */
uint64_t collections_percentile(const struct gc_totals *t, double share);

#endif
