// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void source_path(const struct process *p, const struct map *m, char *path, size_t cap)
{
	snprintf(path, cap, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)p->pid, m->start,
		 m->end);
	if (access(path, R_OK))
		snprintf(path, cap, "/proc/%d/root%s", (int)p->pid, m->path);
}

static uint64_t address_of(const struct maps *maps, const struct map *file, uint64_t offset)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *m = &maps->map[i];

		if (m->inode == file->inode && m->dev == file->dev && (m->prot & MAP_X) &&
		    offset >= m->offset && offset - m->offset < m->end - m->start)
			return m->start + (offset - m->offset);
	}
	return 0;
}

void source_add(struct source_probes *out, const struct source_probe *probe,
		const struct maps *maps, const struct map *m)
{
	for (unsigned i = 0; i < out->count; i++)
		if (out->probe[i].offset == probe->offset &&
		    out->probe[i].program == probe->program &&
		    strcmp(out->probe[i].path, probe->path) == 0)
			return;
	if (out->count == SOURCE_PROBES_MAX)
		return;
	out->probe[out->count] = *probe;
	out->probe[out->count++].address = address_of(maps, m, probe->offset);
}
