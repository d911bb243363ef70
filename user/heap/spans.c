// SPDX-License-Identifier: Apache-2.0
#include "spans.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../target/image_end.h"
#include "../target/maps.h"

static enum span_kind kind_of(const struct map *map)
{
	if (map->inode)
		return SPAN_DATA;
	if (strcmp(map->path, "[heap]") == 0)
		return SPAN_BRK;
	return strncmp(map->path, "[stack", 6) == 0 ? SPAN_STACK : SPAN_ANON;
}

static bool is_span(const struct map *map)
{
	return (map->prot & (MAP_R | MAP_W)) == (MAP_R | MAP_W) && !(map->prot & MAP_SHARED_);
}

/* Where the .bss ends that begins with the map after @last, an image's last one; 0 where there is
 * none. */
static uint64_t bss_end(const struct maps *maps, size_t last, struct remote *mem)
{
	const struct map *map = &maps->map[last], *first = map;

	if (!map->inode || !is_span(map))
		return 0;
	while (first > maps->map && first->offset && first[-1].inode == map->inode &&
	       first[-1].dev == map->dev)
		first--;
	return first->offset ? 0 : image_end(mem, first->start);
}

static void add(struct spans *s, uint64_t start, uint64_t end, enum span_kind kind,
		const char *path)
{
	struct span *last = s->count ? &s->span[s->count - 1] : NULL;
	const char *slash = strrchr(path, '/');
	struct span span = { .start = start, .end = end, .kind = kind };

	if (start >= end)
		return;
	/* one arena or heap may be several maps: fork(2) splits them */
	if (last && last->kind == kind && last->end == start &&
	    (kind == SPAN_ANON || kind == SPAN_BRK)) {
		last->end = end;
		return;
	}
	if (kind == SPAN_DATA || kind == SPAN_BSS)
		snprintf(span.image, sizeof(span.image), "%.47s", slash ? slash + 1 : path);
	s->span[s->count++] = span;
}

static void add_all(struct spans *s, const struct maps *maps, struct remote *mem)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->map[i], *before = i ? map - 1 : NULL;
		uint64_t bss = map->start;

		if (!is_span(map))
			continue;
		if (!map->inode && !map->path[0] && before && before->end == map->start)
			bss = bss_end(maps, i - 1, mem);
		bss = bss < map->start ? map->start : bss > map->end ? map->end : bss;
		add(s, map->start, bss, SPAN_BSS, before ? before->path : "");
		add(s, bss, map->end, kind_of(map), map->path);
	}
}

int spans_read(struct spans *s, struct remote *mem)
{
	struct maps maps;
	int err;

	*s = (struct spans){ 0 };
	err = maps_read(&maps, mem->pid);
	if (err)
		return err;
	/* a map gives at most two: .bss and what is behind it */
	s->span = calloc(maps.count * 2 + 1, sizeof(*s->span));
	if (!s->span) {
		maps_release(&maps);
		return -ENOMEM;
	}
	add_all(s, &maps, mem);
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
