// SPDX-License-Identifier: Apache-2.0
#include "thread_objects.h"

#include <errno.h>
#include <stdlib.h>

#include "../causes/scene.h"

#define OBJECTS_MAX 65536 /* Thread objects looked at; those of ended threads are some too */

enum is_thread { NOT_ASKED, IS_THREAD, IS_OTHER };

struct search {
	struct owners *owners;
	const struct scene *scene;
	const struct resource_view *v;
	uint8_t *is_thread; /* owned: of each type, enum is_thread */
	unsigned looked_at;
};

static bool is_id(const struct resource_view *v, uint64_t id)
{
	for (size_t i = 0; i < v->tids; i++)
		if ((uint64_t)v->own_tid[i] == id)
			return true;
	return false;
}

/* An int of one digit, as thread ids are: it lies behind the size or tag. */
static uint64_t small_int(const struct scene *s, uint64_t addr)
{
	uint32_t digit = 0;

	if (!remote_plausible(addr) ||
	    remote_read(s->r->mem, addr + s->r->rt->layout.ob_size + 8, &digit, sizeof(digit)))
		return 0;
	return digit;
}

static int take(struct search *f, uint32_t block, unsigned type)
{
	struct object o;
	uint64_t id;

	if (type == TYPE_NONE || f->is_thread[type] == IS_OTHER)
		return 0;
	reach_object(f->scene->r, block, &o);
	if (f->is_thread[type] == NOT_ASKED)
		f->is_thread[type] = scene_isa(f->scene, o.addr, "threading.Thread") ? IS_THREAD
										     : IS_OTHER;
	if (f->is_thread[type] == IS_OTHER || f->looked_at++ >= OBJECTS_MAX)
		return 0;
	id = small_int(f->scene, scene_attribute(f->scene, o.addr, "_native_id"));
	return is_id(f->v, id) && !owners_add(f->owners, id, block) ? -ENOMEM : 0;
}

int thread_objects_find(struct owners *o, struct heap *heap, const struct resource_view *v)
{
	const struct reach *r = &heap->reach;
	const struct blocks *b = &heap->history.now;
	const struct scene scene = { .heap = heap, .r = &heap->reach };
	struct search f = { .owners = o, .scene = &scene, .v = v };
	int rc = 0;

	*o = (struct owners){ 0 };
	f.is_thread = calloc(TYPES_MAX + 1, 1);
	if (!f.is_thread)
		return -ENOMEM;
	for (uint32_t n = 0; n < b->count && !rc; n++)
		if (b->print[n])
			rc = take(&f, n, b->type[n]);
	for (size_t i = 0; i < r->lates && !rc; i++)
		rc = take(&f, b->count + (uint32_t)i, r->late[i].type);
	free(f.is_thread);
	owners_sort(o, r);
	return rc;
}
