// SPDX-License-Identifier: Apache-2.0
#include "cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model/report.h"
#include "../util/procfs.h"

#define NO_LIMIT (1ll << 60) /* v1 writes "none" as the largest multiple of a page */
#define TEXT_MAX 8192

/* The two ways a kernel shows it. */
static const struct hierarchy {
	const char *line; /* of /proc/PID/cgroup */
	const char *mount, *used, *limit;
} hierarchies[] = {
	{ "0::", "", "memory.current", "memory.max" },
	{ ":memory:", "/memory", "memory.usage_in_bytes", "memory.limit_in_bytes" },
};

static int64_t number(const char *folder, const char *name)
{
	char path[4400], text[32] = "";
	FILE *f;
	char *end;
	long long value;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return UNKNOWN;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	value = strtoll(text, &end, 10); /* "max" is no number */
	return end == text || value >= NO_LIMIT ? UNKNOWN : value;
}

/* From @folder up to @top: the first that has a limit. */
static void climb(struct cgroup_memory *m, char *folder, size_t top, const struct hierarchy *h)
{
	for (;;) {
		char *slash;

		m->limit = number(folder, h->limit);
		if (m->limit != UNKNOWN) {
			m->used = number(folder, h->used);
			return;
		}
		slash = strrchr(folder, '/');
		if (!slash || (size_t)(slash - folder) < top)
			return;
		*slash = '\0';
	}
}

void cgroup_memory_read(struct cgroup_memory *m, pid_t pid, const char *root)
{
	char text[TEXT_MAX], folder[4200];

	*m = (struct cgroup_memory){ .used = UNKNOWN, .limit = UNKNOWN };
	if (procfs_read(pid, "cgroup", text, sizeof(text)) <= 0)
		return;
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		const struct hierarchy *h = &hierarchies[i];
		const char *line = strstr(text, h->line);

		if (!line || m->limit != UNKNOWN)
			continue;
		line += strlen(h->line);
		snprintf(folder, sizeof(folder), "%.64s%s%.*s", root, h->mount,
			 (int)strcspn(line, "\n"), line);
		if (folder[strlen(folder) - 1] == '/')
			folder[strlen(folder) - 1] = '\0';
		climb(m, folder, strlen(root) + strlen(h->mount), h);
	}
}
