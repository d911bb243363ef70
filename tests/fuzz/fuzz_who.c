// SPDX-License-Identifier: Apache-2.0
/*
 * A heap that changes (changed_heap.h), read as pyleak heap and pyleak who do: dominators, sums by
 * name, references to some objects, their paths and patterns, and the counts of what nobody
 * reaches. It ends, in little time, and what is added up stays within what there is.
 */
#include "changed_heap.h"

#include "../../user/heap/dominators.h"
#include "../../user/heap/held.h"
#include "../../user/heap/path.h"
#include "../../user/heap/pattern.h"
#include "../../user/heap/referrers.h"
#include "../../user/heap/refcounts.h"
#include "../../user/util/clock.h"

#define WALKS 3
#define STEPS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything is a target. */
static void choose(struct fake_heap *h, struct referrers *f)
{
	const struct blocks *b = &h->heap.history.now;

	for (uint32_t n = 0; n < b->count; n++)
		if (b->print[n] && b->type[n])
			assert_true(!referrers_choose(f, n));
}

static void write_paths(struct reach *r, const struct referrers *f)
{
	for (size_t i = 0; i < f->refs; i++) {
		const struct ref *ref = &f->ref[i];
		struct path_step step[STEPS];
		char text[256];

		assert_true(referrers_number(f, ref->to) < f->targets);
		if (referrers_is_root(f, ref->from)) {
			assert_true(strlen(referrers_root_label(f, ref->from)) < 116);
			continue;
		}
		pattern_of(r, ref->from, ref->edge);
		path_write_example(r, ref->from, ref->edge, text, sizeof(text));
		assert_true(memchr(text, 0, sizeof(text)) != NULL);
		assert_true(path_steps(r, ref->from, ref->edge, step, STEPS) <= STEPS);
	}
}

static void check_sums(const struct fake_heap *h, const struct dominators *d)
{
	uint64_t all = FAKE_FIXED + FAKE_POOLS + FAKE_BRK;

	for (uint32_t n = 0; n < d->count; n++) {
		assert_true(d->up[n] < d->count || d->up[n] >= DOMINATORS_TOP);
		/* chunks whose headers lie may overlap, but a block counts once */
		assert_true(n >= h->heap.history.now.count ||
			    dominators_bytes(d, n) <= all * (d->count + 1ull));
	}
}

static void look(struct fake_heap *h)
{
	struct reach *r = &h->heap.reach;
	struct held_list held = { 0 };
	struct dominators d;
	struct referrers f;
	struct refcounts nobody = { 0 };

	dominators_init(&d, r);
	assert_true(!referrers_init(&f, r, &d.sink));
	choose(h, &f);
	r->sink = &f.sink;
	r->keep_all = true;
	r->spans_read_ns = clock_ns(); /* the map of this process is none of the heap's */
	if (!reach_run(r)) {
		r->sink = NULL;
		assert_true(!dominators_find(&d));
		check_sums(h, &d);
		assert_true(!referrers_finish(&f));
		write_paths(r, &f);
		assert_true(!held_find(&held, r));
		if (!refcounts_take(&nobody, r))
			assert_true(nobody.count <= r->types->count);
	}
	r->sink = NULL;
	refcounts_release(&nobody);
	held_release(&held);
	referrers_release(&f);
	dominators_release(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t began = clock_ns();
	struct fake_heap h;
	struct py_layout l;

	if (!changed_layout(&l, data, size))
		return 0;
	fh_open(&h, &l);
	populate(&h);
	for (int walk = 0; walk < WALKS; walk++) {
		change_heap(&h, data, size, walk, WALKS);
		if (walk < WALKS - 1)
			fh_walk(&h, walk);
	}
	look(&h);
	fh_close(&h);
	if (clock_ns() - began > 5000000000ull)
		abort();
	return 0;
}
