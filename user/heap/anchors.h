// SPDX-License-Identifier: Apache-2.0
/*
 * From each survivor up to its anchor, every step of the way walked once.
 */
#ifndef PYLEAK_HEAP_ANCHORS_H
#define PYLEAK_HEAP_ANCHORS_H

#include "ages.h"
#include "holders.h"

struct anchor {
	uint32_t block;
	uint32_t edge; /* EDGE_STORAGE: the container as a whole */
	uint64_t objects, bytes;
	uint64_t newborn_elements; /* that came since the walk before the latest, held directly */
	uint64_t newborn_objects;  /* all that came since then under it */
	uint32_t example;
	uint32_t witness[HOLDER_WITNESSES]; /* survivors, by chance; the first of them are set */
	uint64_t witnesses;		    /* among how many they were chosen */
	struct content content[HOLDER_CONTENTS];
};

struct anchors {
	struct anchor *anchor; /* owned */
	size_t count, cap;
	uint32_t *slot; /* hash by block and edge; owned */
	struct ages ages;
	uint16_t *memo; /* by entry of parents.h: MEMO_..., of blocks on the way; owned, on pages
			   that are touched as needed */
	size_t memos;
};

/* 0 or -ENOMEM. */
int anchors_init(struct anchors *a, const struct reach *r);
void anchors_release(struct anchors *a);

#define ANCHOR_NONE UINT32_MAX

/* Was the block born during the look, and did it stay? */
bool anchors_is_survivor(const struct reach *r, uint32_t block);

/* The anchor of @block, or ANCHOR_NONE where it has none (no old ancestor, or there are too many
 * anchors). */
uint32_t anchors_of(struct anchors *a, struct reach *r, uint32_t block);

/* Count a block born after the walk before the latest. */
void anchors_count_newborn(struct anchors *a, struct reach *r, uint32_t block);

/* The anchor of a container whose size changed, whatever came into it: small ints, None, bytes
 * leave no survivors. */
uint32_t anchors_of_container(struct anchors *a, struct reach *r, uint32_t block);

/* Charge a block to its anchor; @type TYPE_NONE for raw memory that belongs to a survivor. */
void anchors_charge(struct anchors *a, const struct types *types, uint32_t anchor, uint32_t block,
		    unsigned type, uint64_t bytes);

/* Add @objects and @bytes of @type to the first fitting or free entry; beyond HOLDER_CONTENTS types
 * nothing is noted. */
void content_add(struct content *content, size_t most, unsigned type, uint64_t objects,
		 uint64_t bytes);

#endif
