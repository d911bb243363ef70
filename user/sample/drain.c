// SPDX-License-Identifier: Apache-2.0
#include "drain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"
#include "batch.h"
#include "frames.h"

#define SITE_BUCKETS (2 * DRAIN_SITES_MAX) /* a power of two */

/* A site that came with a stack. */
struct known {
	uint64_t id;
	uint32_t source, depth, first; /* frames: at[first .. first + depth) */
	bool truncated;
	/* Of what drain_thin() took out of `live`, which the kernel's totals still hold. */
	uint64_t thinned_bytes, thinned_objects;
};

struct drain {
	struct account *account;
	struct pyframes *pyframes;
	struct account_maps maps;
	struct ring_buffer *ring; /* owned */
	struct frames *frames;	  /* owned */
	struct known *known;	  /* owned */
	size_t knowns, known_cap;
	uint32_t *bucket; /* owned, SITE_BUCKETS: 1 + index into known; 0 free */
	uint32_t *at;	  /* owned */
	size_t ats, at_cap;
	struct alloc_site *site; /* owned */
	size_t sites, site_cap;
	struct alloc_sites result;
	uint32_t swept_shift;
	int err; /* of a callback */
	struct drain_loss loss;
};

static uint32_t *find_bucket(const struct drain *d, uint64_t id)
{
	uint32_t i = (uint32_t)(id * 0x9e3779b97f4a7c15ULL >> 32) & (SITE_BUCKETS - 1);

	while (d->bucket[i] && d->known[d->bucket[i] - 1].id != id)
		i = (i + 1) & (SITE_BUCKETS - 1);
	return &d->bucket[i];
}

static struct known *find_known(const struct drain *d, uint64_t id)
{
	uint32_t index = *find_bucket(d, id);

	return index ? &d->known[index - 1] : NULL;
}

/* The site of that id, added without frames where it is new; NULL where there is no room. */
static struct known *add_known(struct drain *d, uint64_t id)
{
	uint32_t *bucket = find_bucket(d, id);

	if (*bucket)
		return &d->known[*bucket - 1];
	if (d->knowns == DRAIN_SITES_MAX ||
	    grow(&d->known, &d->known_cap, d->knowns + 1, sizeof(*d->known)))
		return NULL;
	d->known[d->knowns] = (struct known){ .id = id };
	*bucket = (uint32_t)++d->knowns;
	return &d->known[d->knowns - 1];
}

/* Called by libbpf for each record. */
static int take_stack(void *arg, void *data, size_t size)
{
	struct drain *d = arg;
	const struct stack_event *event = data;
	struct known *known;

	if (size < sizeof(*event) || event->depth > ACCOUNT_FRAMES)
		return 0;
	known = add_known(d, event->site);
	if (!known || grow(&d->at, &d->at_cap, d->ats + event->depth, sizeof(*d->at))) {
		d->loss.stacks_full++;
		return 0;
	}
	if (known->depth)
		return 0;
	known->source = event->source;
	known->truncated = event->truncated;
	known->first = (uint32_t)d->ats;
	known->depth = event->depth;
	for (uint32_t i = 0; i < event->depth; i++) {
		struct frame frame;
		uint32_t index = 0;

		int rc = i ? pyframes_resolve(d->pyframes, &event->frame[i], &frame)
			   : pyframes_resolve_copied(d->pyframes, &event->frame[i], &event->code,
						     &frame);

		if (!rc && pyframe_is_shim(&frame)) {
			known->depth--;
			continue;
		}
		if (rc)
			d->loss.unresolved_frames++;
		if (!frames_intern(d->frames, &frame, &index))
			d->loss.frames_full++;
		d->at[d->ats++] = index;
	}
	return 0;
}

int drain_open(struct drain **out, struct account *account, struct pyframes *frames)
{
	struct drain *d = calloc(1, sizeof(*d));
	int rc;

	*out = NULL;
	if (!d)
		return -ENOMEM;
	d->account = account;
	d->pyframes = frames;
	d->maps = account_maps(account);
	d->bucket = calloc(SITE_BUCKETS, sizeof(*d->bucket));
	d->frames = frames_new(DRAIN_FRAMES_MAX);
	d->ring = ring_buffer__new(d->maps.stacks, take_stack, d, NULL);
	if (!d->bucket || !d->frames || !d->ring) {
		rc = d->ring ? -ENOMEM : -errno;
		drain_close(d);
		return rc;
	}
	*out = d;
	return 0;
}

void drain_close(struct drain *d)
{
	if (!d)
		return;
	ring_buffer__free(d->ring);
	frames_free(d->frames);
	free(d->known);
	free(d->bucket);
	free(d->at);
	free(d->site);
	free(d);
}

int drain_stacks(struct drain *d)
{
	return ring_buffer__consume(d->ring);
}

struct sweep {
	struct drain *drain;
	uint32_t shift;
	uint64_t removed;
};

static void sweep_block(void *arg, uint64_t address, const void *value)
{
	struct sweep *sweep = arg;
	const struct live_block *block = value;
	struct known *known;

	if (account_keeps(address, sweep->shift))
		return;
	/* Whoever takes it out, a program or we, accounts for it. */
	if (bpf_map_delete_elem(sweep->drain->maps.live, &address))
		return;
	sweep->removed++;
	known = add_known(sweep->drain, block->site);
	if (known) {
		known->thinned_bytes += block->size;
		known->thinned_objects++;
	}
}

int drain_thin(struct drain *d)
{
	for (;;) {
		struct sweep sweep = { .drain = d, .shift = account_shift(d->account) };
		int rc;

		if (sweep.shift == d->swept_shift)
			return 0;
		rc = batch_read(d->maps.live, sizeof(struct live_block), sweep_block, &sweep);
		if (rc)
			return rc;
		d->swept_shift = sweep.shift;
		account_swept(d->account, sweep.shift, sweep.removed);
	}
}

static void take_totals(void *arg, uint64_t id, const void *value)
{
	struct drain *d = arg;
	const struct site_totals *t = value;
	const struct known *known = find_known(d, id);
	struct alloc_site *site;

	if (!t->put.objects && !t->put.more_objects)
		return;
	if (grow(&d->site, &d->site_cap, d->sites + 1, sizeof(*d->site))) {
		d->err = -ENOMEM;
		return;
	}
	site = &d->site[d->sites++];
	*site = (struct alloc_site){
		.id = id,
		.source = id < SITE_STACKS ? id & 0xf : known ? known->source : 0,
		.inuse_bytes = (int64_t)(t->put.bytes - t->taken.bytes),
		.inuse_objects = (int64_t)(t->put.objects - t->taken.objects),
		.alloc_bytes = (int64_t)(t->put.bytes + t->put.more_bytes),
		.alloc_objects = (int64_t)(t->put.objects + t->put.more_objects),
		.freed_bytes = (int64_t)(t->taken.bytes + t->taken.more_bytes),
		.freed_objects = (int64_t)(t->taken.objects + t->taken.more_objects),
	};
	if (known) {
		site->truncated = known->truncated;
		site->depth = known->depth;
		site->inuse_bytes -= (int64_t)known->thinned_bytes;
		site->inuse_objects -= (int64_t)known->thinned_objects;
	}
	/* A total is read while programs add to it, word by word. */
	site->inuse_bytes = site->inuse_bytes < 0 ? 0 : site->inuse_bytes << d->swept_shift;
	site->inuse_objects = site->inuse_objects < 0 ? 0 : site->inuse_objects << d->swept_shift;
	if ((id & ~0xfull) == SITE_OVERFLOW) {
		d->loss.unknown_bytes += (uint64_t)site->inuse_bytes;
		d->loss.unknown_objects += (uint64_t)site->inuse_objects;
	}
}

static int most_first(const void *a, const void *b)
{
	const struct alloc_site *x = a, *y = b;

	if (x->inuse_bytes != y->inuse_bytes)
		return x->inuse_bytes < y->inuse_bytes ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

int drain_totals(struct drain *d, const struct alloc_sites **out)
{
	int rc = drain_stacks(d);

	if (rc >= 0)
		rc = drain_thin(d);
	if (rc)
		return rc;
	d->sites = 0;
	d->err = 0;
	d->loss.unknown_bytes = d->loss.unknown_objects = 0;
	rc = batch_read(d->maps.sites, sizeof(struct site_totals), take_totals, d);
	if (!rc)
		rc = d->err;
	if (rc)
		return rc;
	for (size_t i = 0; i < d->sites; i++) {
		const struct known *known = find_known(d, d->site[i].id);

		d->site[i].at = known && known->depth ? &d->at[known->first] : NULL;
	}
	if (d->sites)
		qsort(d->site, d->sites, sizeof(*d->site), most_first);
	d->result = (struct alloc_sites){ .site = d->site, .count = d->sites };
	d->result.frame = frames_all(d->frames, &d->result.frames);
	*out = &d->result;
	return 0;
}

struct each {
	void (*fn)(void *arg, uint64_t address, const struct live_block *block);
	void *arg;
};

static void pass_block(void *arg, uint64_t address, const void *value)
{
	const struct each *each = arg;

	each->fn(each->arg, address, value);
}

int drain_live(struct drain *d,
	       void (*fn)(void *arg, uint64_t address, const struct live_block *block), void *arg)
{
	struct each each = { fn, arg };

	return batch_read(d->maps.live, sizeof(struct live_block), pass_block, &each);
}

void drain_loss(const struct drain *d, struct drain_loss *out)
{
	*out = d->loss;
}
