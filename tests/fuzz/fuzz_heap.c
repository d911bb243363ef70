// SPDX-License-Identifier: Apache-2.0
/*
 * A heap that changes (changed_heap.h) searched, its holders found, their paths written, what
 * stayed looked at again, and every cause tried on each: it ends, and in little time.
 */
#include "changed_heap.h"

#include "../../user/causes/cause.h"
#include "../../user/util/clock.h"

#define WALKS 4
#define ADDED 4 /* elements of each container from walk to walk */
#define EXPLAINED 12 /* holders, as many as a look explains */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * What grows from walk to walk. All is there from the beginning, since the fake allocator would
 * trust its changed pools; what is added has new content, so that it passes for born then.
 */
struct growing {
	uint64_t list, dict, item[WALKS * ADDED];
};

static void add_growing(struct fake_heap *h, struct growing *g)
{
	uint64_t names;

	fh_module(h, "grow", &names);
	g->list = fh_list(h, WALKS * ADDED);
	g->dict = fh_dict(h, WALKS * ADDED);
	for (uint32_t i = 0; i < WALKS * ADDED; i++) {
		uint64_t number = fh_int(h, i);

		g->item[i] = i % 2 ? number : fh_tuple(h, 1, &number);
		fh_append(h, g->list, g->item[i]);
		fh_dict_add(h, g->dict, fh_int(h, i), fh_list(h, 1));
	}
	fh_dict_add(h, names, fh_str(h, "LIST"), g->list);
	fh_dict_add(h, names, fh_str(h, "DICT"), g->dict);
}

static void grow_all(struct fake_heap *h, const struct growing *g, uint32_t walk)
{
	const struct py_layout *l = &h->rt.layout;

	for (uint32_t i = walk * ADDED; i < (walk + 1) * ADDED; i++)
		fh_put(g->item[i] + (i % 2 ? l->ob_size + 8 : l->tu_item), g->list);
	fh_put(g->list + l->ob_size, (walk + 1) * ADDED);
	fh_put(g->dict + l->di_used, (walk + 1) * ADDED);
}

static void write_paths(struct fake_heap *h)
{
	const struct holders *found = &h->heap.holders;

	for (size_t i = 0; i < found->count; i++)
		if (!memchr(found->holder[i].path, '\0', sizeof(found->holder[i].path)) ||
		    found->holder[i].words > HOLDER_WORDS)
			abort();
}

/* Also those that come after one that fits. */
static void explain(struct fake_heap *h, const struct holder *holder)
{
	static const struct cause_family *const families[] = {
		&causes_collector,  &causes_lru,	&causes_logging, &causes_threads,
		&causes_queues,	    &causes_sessions,	&causes_async,	 &causes_handles,
		&causes_exceptions, &causes_callbacks,	&causes_graphs,	 &causes_classes,
		&causes_buffers,    &causes_containers, &causes_strings,
	};
	struct candidate c = { 0 };
	struct scene s;

	causes_find(&h->heap, holder, &c);
	if (!memchr(c.cause, '\0', sizeof(c.cause)) || !memchr(c.advice, '\0', sizeof(c.advice)) ||
	    !c.cause[0] != !c.advice[0])
		abort();
	if (!scene_set(&s, &h->heap, holder))
		return;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (unsigned k = 0; k < families[i]->count; k++)
			families[i]->cause[k].find(&s, &c);
}

static void explain_all(struct fake_heap *h)
{
	const struct holders *found = &h->heap.holders;

	for (size_t i = 0; i < found->count && i < EXPLAINED; i++) {
		if (holders_gone(&found->holder[i], &h->heap.reach) > found->holder[i].witnesses)
			abort();
		explain(h, &found->holder[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t names, began = clock_ns();
	struct growing growing;
	struct fake_heap h;
	struct py_layout l;

	if (!changed_layout(&l, data, size))
		return 0;
	fh_open(&h, &l);
	populate(&h);
	add_growing(&h, &growing);
	names = h.modules;
	for (int walk = 0; walk < WALKS; walk++) {
		grow_all(&h, &growing, (uint32_t)walk);
		change_heap(&h, data, size, walk, WALKS);
		fh_walk(&h, walk);
	}
	fh_put(names + l.ob_refcnt, 1);
	h.heap.reach.spans_read_ns = clock_ns(); /* the map of this process is none of the heap's */
	if (!reach_run(&h.heap.reach) && !holders_find(&h.heap.holders, &h.heap.reach)) {
		write_paths(&h);
		explain_all(&h);
	}
	fh_close(&h);
	if (clock_ns() - began > 5000000000ull)
		abort();
	return 0;
}
