// SPDX-License-Identifier: Apache-2.0
#include "collector.h"

#include <errno.h>
#include <string.h>

#include "typename.h"
#include "walk.h"

/* More than anyone's counters reach: such a number is something else. */
#define COUNTER_MAX (1LL << 48)

#define VERIFY_TRIES 3 /* a collection may end while its numbers are read */

/* The incremental collector: 3.14.0 to 3.14.4, taken back in 3.14.5. */
static bool is_incremental(const struct py_layout *l)
{
	return l->major == 3 && l->minor == 14 && l->micro < 5;
}

/* All that is read of the state lies in what the kernel side copies of it. */
static bool is_in_copy(const struct gc_layout *l)
{
	uint32_t stats = l->stats_by_pointer ? 8 : GC_GENERATIONS * sizeof(struct gc_stat);
	uint32_t last[] = {
		l->enabled + 4,
		l->generations + GC_GENERATIONS * l->generation_size,
		l->stats + stats,
		(l->heap_size != GC_ABSENT ? l->heap_size : l->long_lived_total) + 8,
		(l->heap_size != GC_ABSENT ? l->heap_size : l->long_lived_pending) + 8,
	};

	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (last[i] > GC_STATE_BYTES)
			return false;
	return l->stats % 8 == 0;
}

static int fill(const struct py_runtime *rt, struct gc_layout *out)
{
	const struct py_layout *l = &rt->layout;
	bool rings = py_has(l->gs_young_index);

	if (!py_has(l->gc_generations) || l->gs_collected != l->gs_collections + 8 ||
	    l->gs_uncollectable != l->gs_collections + 16 || l->gc_count != l->gc_threshold + 4 ||
	    l->gc_threshold != 16 || (!rings && l->gs_size != sizeof(struct gc_stat)))
		return -EINVAL;
	*out = (struct gc_layout){
		.state = py_has(l->is_gc) ? 0 : rt->address + l->rt_gc,
		.ts_interp = l->ts_interp,
		.is_gc = py_has(l->is_gc) ? l->is_gc : 0,
		.enabled = l->gc_enabled,
		.generations = l->gc_generations,
		.generation_size = l->gc_generation_size,
		.threshold = l->gc_threshold,
		.count = l->gc_count,
		.long_lived_total = l->gc_long_lived_total,
		.long_lived_pending = l->gc_long_lived_pending,
		.heap_size = l->gc_heap_size,
		.stats = l->gc_stats,
		.stats_by_pointer = rings,
		.stats_size = l->gs_size,
		.stats_collections = l->gs_collections,
	};
	for (uint32_t i = 0; i < GC_GENERATIONS; i++) {
		out->stats_first[i] = i * l->gs_size;
		out->stats_index[i] = GC_ABSENT;
		if (rings) {
			out->stats_first[i] = i ? l->gs_old + (i - 1) * l->gs_old_size : 0;
			out->stats_index[i] =
				out->stats_first[i] + (i ? l->gs_old_index : l->gs_young_index);
		}
	}
	return is_in_copy(out) ? 0 : -EINVAL;
}

/* Of the copy of the state; callers know that it is inside. */
static int64_t word(const uint8_t *bytes, uint32_t offset)
{
	int64_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

static int32_t half(const uint8_t *bytes, uint32_t offset)
{
	int32_t value;

	memcpy(&value, bytes + offset, sizeof(value));
	return value;
}

void py_collector_parse(const struct gc_layout *l, const uint8_t *bytes, struct py_collector *out)
{
	memset(out, 0, sizeof(*out));
	out->enabled = half(bytes, l->enabled) != 0;
	/* Of what the version keeps: the exact heap size, or what lived through collections. */
	out->tracked_is_exact = l->heap_size != GC_ABSENT;
	out->tracked = out->tracked_is_exact
			       ? word(bytes, l->heap_size)
			       : word(bytes, l->long_lived_total) +
					 word(bytes, l->long_lived_pending);
	for (uint32_t i = 0; i < GC_GENERATIONS; i++) {
		uint32_t at = l->generations + i * l->generation_size;

		out->threshold[i] = half(bytes, at + l->threshold);
		out->count[i] = half(bytes, at + l->count);
		if (!l->stats_by_pointer)
			memcpy(&out->stat[i], bytes + l->stats + i * sizeof(out->stat[i]),
			       sizeof(out->stat[i]));
	}
}

static int read_rings(const struct gc_layout *l, struct remote *mem, uint64_t base,
		      struct gc_stat *stat)
{
	for (int i = 0; i < GC_GENERATIONS; i++) {
		uint64_t item = base + l->stats_first[i] + l->stats_collections;
		uint8_t index = 0;

		if (remote_read(mem, base + l->stats_index[i], &index, sizeof(index)) ||
		    remote_read(mem, item + (uint64_t)index * l->stats_size, &stat[i],
				sizeof(stat[i])))
			return -EFAULT;
	}
	return 0;
}

int py_collector_read(const struct gc_layout *l, struct remote *mem, uint64_t state,
		      struct py_collector *out, const struct py_layout *layout)
{
	uint8_t bytes[GC_STATE_BYTES];

	if (remote_read(mem, state, bytes, sizeof(bytes)))
		return -EFAULT;
	py_collector_parse(l, bytes, out);
	if (l->stats_by_pointer &&
	    read_rings(l, mem, (uint64_t)word(bytes, l->stats), out->stat))
		return -EFAULT;
	return remote_u64(mem, state + layout->gc_garbage, &out->garbage) ? 0 : -EFAULT;
}

static void type_name(const struct py_layout *l, struct remote *mem, uint64_t object, char *name,
		      size_t cap)
{
	uint64_t type;

	name[0] = '\0';
	if (remote_plausible(object) && remote_u64(mem, object + l->ob_type, &type) &&
	    remote_plausible(type))
		py_type_name(l, mem, type, name, cap);
}

static bool is_counter(int64_t n)
{
	return n >= 0 && n < COUNTER_MAX;
}

/* gc.garbage is created with the collector and is a list, whatever it holds. */
static bool is_plausible(const struct py_runtime *rt, struct remote *mem,
			 const struct py_collector *c)
{
	char name[16];

	type_name(&rt->layout, mem, c->garbage, name, sizeof(name));
	if (strcmp(name, "list") || c->tracked < 0 || !is_counter(c->tracked))
		return false;
	for (int i = 0; i < GC_GENERATIONS; i++)
		if (!is_counter(c->stat[i].collections) || !is_counter(c->stat[i].collected) ||
		    !is_counter(c->stat[i].uncollectable) || c->threshold[i] < 0)
			return false;
	return true;
}

static void note_interpreter(void *arg, uint64_t interp)
{
	*(uint64_t *)arg = interp; /* the oldest comes last */
}

uint64_t py_collector_main(const struct py_runtime *rt, struct remote *mem,
			   const struct gc_layout *l)
{
	uint64_t interp = 0;

	if (l->state)
		return l->state;
	py_interpreters(rt, mem, note_interpreter, &interp);
	return interp ? interp + l->is_gc : 0;
}

/* PyGC_Head {_gc_next, _gc_prev}, the lowest two bits of both are flags. */
bool py_collector_before(struct remote *mem, uint64_t *at, uint64_t *object)
{
	uint64_t head[2], before, next;

	if (remote_read(mem, *at, head, sizeof(head)))
		return false;
	before = head[1] & ~3ull;
	if (!remote_plausible(before) || !remote_u64(mem, before, &next) || (next & ~3ull) != *at)
		return false;
	*at = before;
	*object = before + sizeof(head);
	return true;
}

/* It follows the generations; between them, up to 3.13, lies a pointer to the first. */
uint64_t py_collector_permanent(struct remote *mem, uint64_t state, const struct gc_layout *l)
{
	uint64_t at = state + l->generations + GC_GENERATIONS * l->generation_size;
	uint64_t word, before = 0, object;

	if (!remote_u64(mem, at, &word))
		return 0;
	if (word == state + l->generations)
		at += 8;
	before = at;
	return py_collector_before(mem, &before, &object) ? at : 0;
}

int64_t py_collector_interpreter(const struct gc_layout *l, const struct py_layout *layout,
				 struct remote *mem, uint64_t state)
{
	uint64_t id;

	if (l->state || !remote_u64(mem, state - l->is_gc + layout->is_id, &id) ||
	    !is_counter((int64_t)id))
		return -1;
	return (int64_t)id;
}

int py_collector_layout(const struct py_runtime *rt, struct remote *mem, struct gc_layout *out,
			struct err *e)
{
	struct py_collector c;

	if (is_incremental(&rt->layout))
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d: the incremental collector of CPython 3.14.0 to 3.14.4 is "
			       "not one this pyleak knows; 3.14.5 went back to generations",
			       (int)rt->pid);
	for (int try = 0; try < VERIFY_TRIES && !fill(rt, out); try++) {
		uint64_t state = py_collector_main(rt, mem, out);

		if (state && !py_collector_read(out, mem, state, &c, &rt->layout) &&
		    is_plausible(rt, mem, &c))
			return 0;
	}
	return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
		       "pid %d: the collector's state of CPython %d.%d.%d does not verify: its "
		       "lists, counters or gc.garbage are not where the layout has them",
		       (int)rt->pid, rt->layout.major, rt->layout.minor, rt->layout.micro);
}

/* One more object of a type; types beyond the room are only in the sum. */
static void count_type(struct py_garbage *g, const char *name)
{
	unsigned i = 0;

	while (i < g->types && strcmp(g->type[i].name, name))
		i++;
	if (i == PY_GARBAGE_TYPES)
		return;
	if (i == g->types) {
		memcpy(g->type[i].name, name, strlen(name) + 1);
		g->types++;
	}
	g->type[i].objects++;
}

static void sort_types(struct py_garbage *g)
{
	for (unsigned i = 1; i < g->types; i++)
		for (unsigned k = i; k && g->type[k].objects > g->type[k - 1].objects; k--) {
			__typeof__(g->type[0]) other = g->type[k];

			g->type[k] = g->type[k - 1];
			g->type[k - 1] = other;
		}
}

int py_collector_garbage(const struct py_layout *l, struct remote *mem, uint64_t list,
			 struct py_garbage *out)
{
	uint64_t items, count;

	memset(out, 0, sizeof(*out));
	if (!remote_u64(mem, list + l->ob_size, &count) ||
	    !remote_u64(mem, list + l->li_item, &items) || !is_counter((int64_t)count))
		return -EFAULT;
	out->objects = count;
	for (uint64_t i = 0; i < count && i < PY_GARBAGE_READ; i++) {
		char name[sizeof(out->type[0].name)];
		uint64_t object;

		if (!remote_u64(mem, items + 8 * i, &object))
			return -EFAULT;
		type_name(l, mem, object, name, sizeof(name));
		count_type(out, name[0] ? name : "?");
	}
	sort_types(out);
	return 0;
}
