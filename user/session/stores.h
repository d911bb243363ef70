// SPDX-License-Identifier: Apache-2.0
/*
 * Who writes into the holders: words take turns on the debug registers until each has been written
 * often enough, and meanwhile the holders' sizes are read, so that a container that empties itself
 * is seen doing it.
 */
#ifndef PYLEAK_SESSION_STORES_H
#define PYLEAK_SESSION_STORES_H

#include <stdbool.h>
#include <stdint.h>

#include "../heap/chain.h"
#include "../probe/watch.h"
#include "../rank/trend.h"
#include "../symbolize/pyframe.h"
#include "../target/memory.h"

#define STORE_WORDS 8
#define STORE_SITES 16 /* lines told apart that write into one holder */

/* One line that stored, with the stack of its first store. */
struct site {
	struct py_frame_ref at;
	uint32_t hits;
	struct stack stack;
};

struct store {
	uint64_t word[STORE_WORDS]; /* to watch; set by the caller */
	unsigned words;
	struct chain chain;  /* a list whose end is watched too, where it is then; edges 0: none */
	bool sized;	     /* the words hold sizes: only increases are stores */
	struct series *size; /* gets the sum of the words as time goes by; NULL: not wanted */
	uint64_t type;	  /* of the containers: where it is another, the word is no size any more */
	uint32_t type_at; /* how far in front of each word the type stands */
	struct site site[STORE_SITES];
	unsigned sites;
	uint32_t hits;
	uint32_t watched, refused; /* turns that got a register, and that got none */
	uint32_t in_vain;	   /* turns in which nobody wrote */
	unsigned turn;		   /* next word to watch */
};

struct stores {
	struct watch *watch; /* NULL: watchpoints are denied; sizes are still read */
	struct pyframes *frames;
	struct remote *mem;
	struct reach *reach;	  /* of the search that found the holders */
	double (*now)(void *arg); /* seconds since the look began */
	bool (*stop)(void *arg);  /* asked for an end: interrupted, or the target is gone */
	void *arg;
	void (*tick)(void *arg);  /* called again and again while stores are watched */
	/* ns that watching may cost the target until so many seconds from now */
	double (*left_ns)(void *arg, double ahead);
	double hit_ns; /* what a write of a watched word is expected to cost it */
	double sizes_at;	  /* when they are read next */
	uint64_t unresolved;	  /* frames without a name */
};

/* Read the sizes once more, if it is time. */
void stores_sizes(struct stores *s, struct store **store, unsigned count);

/* Watch the @count stores until @until seconds, or earlier once each was written enough and
 * @at_least seconds have come. */
void stores_watch(struct stores *s, struct store **store, unsigned count, double at_least,
		  double until);

/* The line that stored most often, or NULL. */
const struct site *store_main_site(const struct store *s);

#endif
