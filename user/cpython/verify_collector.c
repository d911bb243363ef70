// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "verify_look.h"

#define GENERATIONS 3
#define SEARCH_BYTES 64
#define TRIES 3 /* a collection under way takes the rings apart for a moment */
/* Include/internal/pycore_gc.h: flags in the low bits of _gc_next and _gc_prev */
#define TAG_BITS 3ULL

/*
 * Is it the head of a ring? While it is collected the links back hold reference counts, all but the
 * head's own, for as long as the collection takes: then the last one must lead to the head.
 */
static bool is_ring(struct verify_look *k, uint64_t head)
{
	const struct py_layout *l = &k->rt->layout;
	uint64_t next = verify_word(k, head + l->gc_next) & ~TAG_BITS;
	uint64_t last = verify_word(k, head + l->gc_prev) & ~TAG_BITS;

	return next >= 0x1000 && last >= 0x1000 &&
	       ((verify_word(k, next + l->gc_prev) & ~TAG_BITS) == head ||
		(verify_word(k, last + l->gc_next) & ~TAG_BITS) == head);
}

/* Is there an array of generations at @head: rings whose heads lie in it? */
static bool are_generations(struct verify_look *k, uint64_t head)
{
	const struct py_layout *l = &k->rt->layout;

	for (int i = 0; i < GENERATIONS; i++, head += l->gc_generation_size)
		if (!is_ring(k, head))
			return false;
	return true;
}

void verify_find_generations(struct verify_look *k)
{
	struct py_layout *l = &k->rt->layout;
	uint64_t state = py_has(l->is_gc) ? k->main + l->is_gc : k->rt->address + l->rt_gc;
	uint32_t named = l->gc_generations;

	for (int try = 0; try < TRIES; try++) {
		if (py_has(named) && are_generations(k, state + named)) {
			strbuf_add(&k->said, "; the collector's lists");
			return;
		}
		for (l->gc_generations = 0; l->gc_generations < SEARCH_BYTES;
		     l->gc_generations += 4) {
			if (!are_generations(k, state + l->gc_generations))
				continue;
			strbuf_addf(&k->said, "; the collector's lists, at +%" PRIu32,
				    l->gc_generations);
			return;
		}
	}
	l->gc_generations = PY_ABSENT;
}
