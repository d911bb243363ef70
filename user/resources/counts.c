// SPDX-License-Identifier: Apache-2.0
#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/procfs.h"
#include "../util/strbuf.h"

static bool same_file(const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->dev == b->dev;
}

/* The segments of a library lie side by side, and one of them is code. */
static bool is_library(const struct maps *m, const struct map *map)
{
	const struct map *first = map, *end = m->map + m->count;

	while (first > m->map && same_file(first - 1, map))
		first--;
	for (; first < end && same_file(first, map); first++)
		if (first->prot & MAP_X)
			return true;
	return false;
}

bool mapping_is_resource(const struct maps *m, const struct map *map)
{
	if (map->prot & MAP_SHARED_)
		return true;
	return map->inode && !is_library(m, map);
}

void counts_take(struct resource_counts *c, const struct process *p, const struct descriptors *d,
		 const struct maps *m)
{
	ssize_t threads = process_threads(p, NULL, 0);

	*c = (struct resource_counts){ 0 };
	for (size_t i = 0; i < d->count; i++)
		c->of[d->descriptor[i].kind]++;
	c->of[RESOURCE_OTHER] += (int64_t)d->beyond;
	c->of[RESOURCE_THREAD] = threads < 0 ? UNKNOWN : threads;
	if (!m)
		c->of[RESOURCE_MAPPING] = UNKNOWN;
	for (size_t i = 0; m && i < m->count; i++)
		c->of[RESOURCE_MAPPING] += mapping_is_resource(m, &m->map[i]);
}

static int64_t read_number(const char *folder, const char *name)
{
	char path[1100], text[32] = "";
	int64_t number = UNKNOWN;
	struct strbuf s;
	FILE *f;

	strbuf_init(&s, path, sizeof(path));
	strbuf_addf(&s, "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return UNKNOWN;
	if (fgets(text, sizeof(text), f) && text[0] >= '0' && text[0] <= '9')
		number = strtoll(text, NULL, 10);
	fclose(f);
	return number;
}

/* Behind "0::" (v2) or "N:pids:" (v1), and where such a hierarchy is mounted. */
static const char *find_group(char *text, const char **mount)
{
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *pids = strstr(line, ":pids:");

		*mount = pids ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
		if (pids)
			return pids + strlen(":pids:");
		if (strncmp(line, "0::", 3) == 0)
			return line + 3;
	}
	return NULL;
}

static void read_group_limits(struct resource_limits *l, pid_t pid)
{
	char text[4096], folder[1024];
	const char *mount, *group;
	struct strbuf s;
	char *last;

	if (procfs_read(pid, "cgroup", text, sizeof(text)) <= 0)
		return;
	group = find_group(text, &mount);
	strbuf_init(&s, folder, sizeof(folder));
	if (group)
		strbuf_addf(&s, "%s%s", mount, group);
	if (!group || s.cut)
		return;
	while ((last = strrchr(folder, '/')) && strlen(folder) > strlen(mount)) {
		int64_t max = read_number(folder, "pids.max");
		int64_t used = read_number(folder, "pids.current");

		if (max != UNKNOWN && used != UNKNOWN &&
		    (l->threads_max == UNKNOWN || max - used < l->threads_max - l->threads_used)) {
			l->threads_max = max;
			l->threads_used = used;
		}
		*last = '\0';
	}
}

void limits_read(struct resource_limits *l, pid_t pid)
{
	char text[4096];
	const char *line;

	*l = (struct resource_limits){ UNKNOWN, UNKNOWN, UNKNOWN };
	if (procfs_read(pid, "limits", text, sizeof(text)) > 0) {
		line = strstr(text, "Max open files");
		if (line)
			line += strcspn(line, "0123456789\n");
		if (line && *line != '\n' && *line)
			l->descriptors_max = strtoll(line, NULL, 10);
	}
	read_group_limits(l, pid);
}
