// SPDX-License-Identifier: Apache-2.0
#include "parts.h"

void parts_fill(struct footprint *f, const struct walk_parts *walk)
{
	int64_t *const gives[] = { &f->thread_stacks, &f->native_free, &f->python_free,
				   &f->native_live,   &f->python_live };
	int64_t other;

	if (f->rss == UNKNOWN || f->file == UNKNOWN)
		return;
	f->python_live = (int64_t)walk->pool_live;
	f->python_free = (int64_t)walk->pool_free;
	f->native_live = (int64_t)walk->chunk_live;
	f->native_free = (int64_t)walk->chunk_free;
	f->native_trim = (int64_t)walk->chunk_trim;
	other = f->rss - f->python_live - f->python_free - f->native_live - f->native_free -
		f->thread_stacks - f->file - f->shmem;
	for (unsigned i = 0; i < sizeof(gives) / sizeof(gives[0]) && other < 0; i++) {
		int64_t gift = *gives[i] < -other ? *gives[i] : -other;

		*gives[i] -= gift;
		other += gift;
	}
	f->other = other;
	if (f->native_trim > f->native_free)
		f->native_trim = f->native_free;
}
