// SPDX-License-Identifier: Apache-2.0
/*
 * What was born during the look and stayed, and who holds it.
 *
 *   walk:      1 ............ 2 ............ 3 = latest
 *   survivor:        born here, or by 2, and the same object still there at 3
 *   anchor:    there ........ there ........ there        the nearest ancestor of survivors that
 * was there all the time
 *
 * A container whose size changed is an anchor itself, and the word with its size is what every
 * store writes. Anything else anchors by the slot that leads on: an attribute, a global, an element
 * that is replaced.
 */
#ifndef PYLEAK_HEAP_HOLDERS_H
#define PYLEAK_HEAP_HOLDERS_H

#include "chain.h"
#include "reach.h"

#define HOLDERS_MAX \
	20000 /* anchors told apart; survivors of others are counted in holders.lost_objects */
#define HOLDER_WORDS 8	  /* words to watch of one holder: of its siblings, the fastest first */
#define HOLDER_CONTENTS 6 /* types told apart of what it holds */
#define HOLDER_WITNESSES 12
#define UNREACHED_TYPES 5

struct content {
	unsigned type;
	uint64_t objects, bytes;
};

struct holder {
	uint32_t block; /* of the anchor, the fastest growing of its siblings */
	unsigned edge;	/* of the slot, or EDGE_STORAGE: the container itself */
	bool sized;
	uint32_t slots_of_one;	 /* slots of the same container that are siblings: its elements are
				    replaced */
	uint64_t objects, bytes; /* survivors under it */
	uint64_t newborn_elements; /* that came since the walk before the latest, held directly */
	uint64_t newborn_objects;  /* all that came since then under it */
	uint32_t size[WALKS_MAX];  /* of a container, siblings added up; SIZE_UNKNOWN: none */
	uint32_t siblings;
	uint64_t word[HOLDER_WORDS]; /* addresses to watch */
	unsigned words;
	struct chain chain; /* of a slot: the list that survivors form, if they do */
	uint32_t example;   /* a survivor */
	uint32_t witness[HOLDER_WITNESSES]; /* survivors with content of their own, by chance */
	unsigned witnesses;
	struct content content[HOLDER_CONTENTS];
	enum root_kind root;
	bool through_raw; /* the way from the root to the example leads through raw memory */
	int64_t bound; /* the most it will hold by its own word (lru_cache(maxsize=...)); -1: none
			  known */
	char path[512];
	char type[96]; /* of the container, or of what is in the slot now */
};

struct holders {
	struct holder *holder; /* owned, most bytes first; grouped by path and type */
	size_t count;
	double interval; /* seconds in which the survivors were born */
	uint64_t survivors, survivor_bytes;
	uint64_t unreached_objects, unreached_bytes; /* typed survivors that nothing leads to */
	uint64_t native_bytes, native_blocks;	     /* raw survivors to which no object leads */
	/*
	 * Survivors that hang from C data without an old ancestor, such as from an array that moves
	 * as it grows, or beyond HOLDERS_MAX; and what came there since the walk before the latest.
	 */
	uint64_t lost_objects, lost_bytes, lost_newborn;
	uint32_t lost_example; /* the last of them */
	struct content lost[UNREACHED_TYPES];
	struct content unreached[UNREACHED_TYPES]; /* largest first */
};

/*
 * Does no object lead to the raw block? Nothing does, or only C data and native stacks, through
 * other raw memory: a list that C code keeps, or stale words.
 */
bool holders_is_native(const struct reach *r, uint32_t block);

/*
 * How many of the holder's witnesses are gone by now. The search takes what stayed over the last
 * two walks as given, so where much is freed and made anew while it runs, an address may be held
 * by something young and count as the survivor that was there before. Right after the search: what
 * lives long may go too, later.
 */
unsigned holders_gone(const struct holder *h, const struct reach *r);

/* After reach_run(), with at least three walks. 0 or -ENOMEM. Release with holders_release(). */
int holders_find(struct holders *h, struct reach *r);
void holders_release(struct holders *h);

#endif
