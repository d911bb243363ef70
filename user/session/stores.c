// SPDX-License-Identifier: Apache-2.0
#include "stores.h"

#include <math.h>
#include <string.h>

#include "../util/clock.h"

#define POLL_MS 10
#define SIZE_EVERY 0.1 /* seconds between two readings of the sizes */
#define HITS_ENOUGH 12 /* stores of one holder */
#define HITS_LEAST 3   /* are wanted where more cost too much */
#define HITS_MOST 64   /* of one word, in one turn */
#define TAIL_PATIENCE 0.1 /* seconds after which the end of a list is elsewhere */
#define PATIENCE 0.6 /* seconds that a word may keep a register without being written */

/* A debug register: which store and word has it, since when. */
struct turn {
	struct store *store; /* NULL: free */
	double since;
	bool tail; /* the end of a list: missed once the list went on without it */
	uint32_t hits_before; /* of the store, when the turn began */
	uint64_t allowed;     /* writes */
};

struct round {
	struct stores *s;
	struct turn turn[WATCH_SLOTS];
	struct store **store;
	unsigned count, next;
	double at_least; /* seconds: until then time, and what it allows, is sure to come */
	uint32_t enough; /* stores of one holder */
};

static void resolve(struct stores *s, struct site *site, const struct watch_event *ev)
{
	uint32_t depth = ev->depth < REPORT_STACK_MAX ? ev->depth : REPORT_STACK_MAX;

	site->stack.depth = depth;
	site->stack.truncated = ev->truncated || ev->depth > depth;
	for (uint32_t i = 0; i < depth; i++)
		if (pyframes_resolve(s->frames, &ev->frame[i], &site->stack.frame[i]))
			s->unresolved++;
}

static void on_event(void *arg, const struct watch_event *ev)
{
	struct round *round = arg;
	struct store *store = ev->slot < WATCH_SLOTS ? round->turn[ev->slot].store : NULL;

	if (!store)
		return;
	store->hits++;
	if (!ev->depth)
		return;
	for (unsigned i = 0; i < store->sites; i++) {
		if (store->site[i].at.code == ev->frame[0].code &&
		    store->site[i].at.instr == ev->frame[0].instr) {
			store->site[i].hits++;
			return;
		}
	}
	if (store->sites == STORE_SITES)
		return;
	store->site[store->sites] = (struct site){ .at = ev->frame[0], .hits = 1 };
	resolve(round->s, &store->site[store->sites++], ev);
}

/* The end of a list is written once. */
static uint32_t enough(const struct round *round, const struct store *store)
{
	return store->chain.edges ? 1 : round->enough;
}

/* Writes that are affordable, beside those that what is armed may see yet. */
static double affordable(const struct round *round, double now)
{
	double ahead = fmax(round->at_least - now, 0);
	double hits = round->s->left_ns(round->s->arg, ahead) / round->s->hit_ns;

	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		uint64_t seen = round->turn[i].store ? watch_hits(round->s->watch, i) : 0;

		if (round->turn[i].store && seen < round->turn[i].allowed)
			hits -= (double)(round->turn[i].allowed - seen);
	}
	return hits;
}

static bool waiting(const struct round *round, const struct store *store)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < WATCH_SLOTS; i++)
		taken += round->turn[i].store == store;
	return store->hits < enough(round, store) &&
	       taken < store->words + (store->chain.edges > 0);
}

static bool any_waits(const struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		if (waiting(round, round->store[i]))
			return true;
	return false;
}

/* The next store that wants a register, in turn. */
static struct store *pick(struct round *round)
{
	for (unsigned i = 0; i < round->count; i++) {
		struct store *store = round->store[(round->next + i) % round->count];

		if (waiting(round, store)) {
			round->next = (round->next + i + 1) % round->count;
			return store;
		}
	}
	return NULL;
}

static void release(struct round *round, unsigned slot)
{
	watch_disarm(round->s->watch, slot);
	round->turn[slot].store = NULL;
}

/*
 * Its words in turn. The end of a list is looked for when its turn comes, for it moves: once to
 * come near it, which may take a while, and once more to find where it is now.
 */
static uint64_t next_word(struct stores *s, struct store *store, bool *tail)
{
	unsigned turn = store->turn++ % (store->words + (store->chain.edges > 0));

	*tail = turn == store->words;
	if (!*tail)
		return store->word[turn];
	chain_tail(s->reach, &store->chain);
	return chain_tail(s->reach, &store->chain);
}

/* What is affordable is for all that wait; never less than what says something. */
static unsigned hits_of_turn(const struct round *round, double now)
{
	double hits = affordable(round, now);
	unsigned wait = 1;

	for (unsigned i = 0; i < round->count; i++)
		wait += waiting(round, round->store[i]);
	return hits < HITS_LEAST ? 0 : (unsigned)fmin(fmax(hits / wait, HITS_LEAST), HITS_MOST);
}

static void take(struct round *round, unsigned slot, double now)
{
	/* what is affordable takes many system calls to know */
	unsigned hits = any_waits(round) ? hits_of_turn(round, now) : 0, how;
	struct store *store = hits ? pick(round) : NULL;
	uint64_t word;
	bool tail;

	if (!store)
		return;
	word = next_word(round->s, store, &tail);
	if (!word)
		return;
	how = WATCH_TOGETHER | (store->sized ? WATCH_INCREASE : 0) |
	      (store->in_vain ? WATCH_NEW_THREADS : 0);
	if (watch_arm(round->s->watch, slot, word, how, hits)) {
		store->refused++;
		return;
	}
	store->watched++;
	round->turn[slot] = (struct turn){ store, now, tail, store->hits, hits };
}

/* Has it seen enough, or nothing for long? */
static bool is_over(const struct round *round, const struct turn *turn, bool others, double now)
{
	double took = now - turn->since;
	bool in_vain = turn->store->hits == turn->hits_before;

	return turn->store->hits >= enough(round, turn->store) ||
	       (turn->tail && took > TAIL_PATIENCE) || ((others || in_vain) && took > PATIENCE);
}

/*
 * What nobody wrote for a whole turn, although it is suspected to grow, threads may have written
 * that live too short to be found: its next turns are inherited by threads that start.
 */
static void end_turn(struct round *round, unsigned slot)
{
	struct turn *turn = &round->turn[slot];

	if (turn->store->hits == turn->hits_before)
		turn->store->in_vain++;
	release(round, slot);
}

/* Registers whose turn is over go to the next. */
static void rotate(struct round *round, double now)
{
	for (unsigned i = 0; i < WATCH_SLOTS; i++) {
		struct turn *turn = &round->turn[i];

		if (turn->store && is_over(round, turn, any_waits(round), now))
			end_turn(round, i);
		if (!turn->store)
			take(round, i, now);
	}
}

/* The container may be gone, and another thing in its place. */
static bool read_size(struct stores *s, const struct store *store, uint64_t word, double *sum)
{
	uint64_t type, size;

	if (!remote_u64(s->mem, word - store->type_at, &type) || type != store->type ||
	    !remote_u64(s->mem, word, &size) || size >= 1ull << 40)
		return false;
	*sum += (double)size;
	return true;
}

void stores_sizes(struct stores *s, struct store **store, unsigned count)
{
	double now = s->now(s->arg);

	if (now < s->sizes_at)
		return;
	s->sizes_at = now + SIZE_EVERY;
	for (unsigned i = 0; i < count; i++) {
		double sum = 0;
		bool whole = store[i]->size != NULL;

		for (unsigned k = 0; whole && k < store[i]->words; k++)
			whole = read_size(s, store[i], store[i]->word[k], &sum);
		if (whole)
			series_add(store[i]->size, now, sum);
		else
			store[i]->size = NULL;
	}
}

static bool all_seen(const struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		if (round->store[i]->hits < enough(round, round->store[i]))
			return false;
	return true;
}

/* As many as a person would want, or as the target can pay. */
static void choose_enough(struct round *round)
{
	double hits = affordable(round, round->s->now(round->s->arg)) / fmax(round->count, 1);

	round->enough = (uint32_t)fmin(fmax(hits, HITS_LEAST), HITS_ENOUGH);
}

void stores_watch(struct stores *s, struct store **store, unsigned count, double at_least,
		  double until)
{
	struct round round = { .s = s, .store = store, .count = count, .at_least = at_least };

	if (s->watch)
		choose_enough(&round);
	for (double now = s->now(s->arg); now < until && !s->stop(s->arg); now = s->now(s->arg)) {
		if (now >= at_least && (!s->watch || all_seen(&round)))
			break;
		s->tick(s->arg);
		stores_sizes(s, store, count);
		if (s->watch && count) {
			rotate(&round, now);
			watch_poll(s->watch, POLL_MS, on_event, &round);
		} else {
			clock_sleep_ms(POLL_MS);
		}
	}
	for (unsigned i = 0; s->watch && i < WATCH_SLOTS; i++)
		if (round.turn[i].store)
			release(&round, i);
}

const struct site *store_main_site(const struct store *s)
{
	const struct site *most = NULL;

	for (unsigned i = 0; i < s->sites; i++)
		if (!most || s->site[i].hits > most->hits)
			most = &s->site[i];
	return most;
}
