// SPDX-License-Identifier: Apache-2.0
/*
 * Which types the collector's garbage is of: from samples of the young generations to shares, and
 * how sure they are.
 *
 * One collection says little about the next, but objects of one collection are alike. So the unit
 * is the collection, not the object: a share is the mean over the sampled collections, each with
 * the weight of what it freed, and its error comes from how much they differ.
 *
 *	weight w   objects that this collection freed from this list
 *	part p     of the sampled objects that were gone, those of the type
 *	share      sum(w p) / sum(w)
 *	error^2    sum(w^2 (p - share)^2) / sum(w)^2 * n / (n - 1)
 */
#ifndef PYLEAK_SESSION_FREED_H
#define PYLEAK_SESSION_FREED_H

#include "../../bpf/abi.h"
#include "../model/pause.h"

struct freed_type {
	uint64_t address;
	char name[96];
	uint64_t gone;
	double wp, wwp, wwpp; /* sums over samples of w p, w^2 p, w^2 p^2 */
};

struct freed {
	struct freed_type *type; /* owned */
	size_t types, room;
	uint64_t samples, objects, gone, lists;
	double w, ww; /* sums of the weights and their squares */
	double older; /* objects freed that were in no sampled list */
	bool out_of_memory;

	/* Writes a type's name; borrowed. */
	void (*name)(void *arg, uint64_t type, char *buf, size_t cap);
	void *arg;
};

void freed_init(struct freed *f, void (*name)(void *arg, uint64_t type, char *buf, size_t cap),
		void *arg);
void freed_release(struct freed *f);

/* Take one sample. */
void freed_take(struct freed *f, const struct gc_sample_event *event);

/* Write shares to @out, most first. */
void freed_sum(const struct freed *f, struct pause_freed *out);

#endif
