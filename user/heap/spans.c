// SPDX-License-Identifier: Apache-2.0
#include "spans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../target/maps.h"

static enum span_kind kind_of(const struct map *map, const struct map *before)
{
	if (map->inode)
		return SPAN_DATA;
	if (strcmp(map->path, "[heap]") == 0)
		return SPAN_BRK;
	if (strncmp(map->path, "[stack", 6) == 0)
		return SPAN_STACK;
	if (!map->path[0] && before && before->end == map->start && before->inode &&
	    (before->prot & MAP_W))
		return SPAN_BSS;
	return SPAN_ANON;
}

static void image_name(struct span *span, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(span->image, sizeof(span->image), "%s", slash ? slash + 1 : path);
}

static void add(struct spans *s, const struct map *map, const struct map *before)
{
	struct span *last = s->count ? &s->span[s->count - 1] : NULL;
	struct span span = { .start = map->start, .end = map->end, .kind = kind_of(map, before) };

	if (last && last->kind == SPAN_ANON && span.kind == SPAN_ANON && last->end == span.start) {
		last->end = span.end;
		return;
	}
	if (span.kind == SPAN_DATA)
		image_name(&span, map->path);
	else if (span.kind == SPAN_BSS)
		image_name(&span, before->path);
	s->span[s->count++] = span;
}

int spans_read(struct spans *s, pid_t pid)
{
	struct maps maps;
	int err;

	*s = (struct spans){ 0 };
	err = maps_read(&maps, pid);
	if (err)
		return err;
	s->span = calloc(maps.count ? maps.count : 1, sizeof(*s->span));
	if (!s->span) {
		maps_release(&maps);
		return -ENOMEM;
	}
	for (size_t i = 0; i < maps.count; i++) {
		const struct map *map = &maps.map[i];

		if ((map->prot & (MAP_R | MAP_W)) == (MAP_R | MAP_W) && !(map->prot & MAP_SHARED_))
			add(s, map, i ? &maps.map[i - 1] : NULL);
	}
	maps_release(&maps);
	if (s->count) {
		s->lo = s->span[0].start;
		s->hi = s->span[s->count - 1].end;
	}
	return 0;
}

void spans_release(struct spans *s)
{
	free(s->span);
	*s = (struct spans){ 0 };
}

const struct span *spans_find(const struct spans *s, uint64_t addr)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addr < s->span[mid].start)
			hi = mid;
		else if (addr >= s->span[mid].end)
			lo = mid + 1;
		else
			return &s->span[mid];
	}
	return NULL;
}
