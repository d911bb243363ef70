// SPDX-License-Identifier: Apache-2.0
#include "limit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/procfs.h"

#define LEVELS_MAX 64
#define NO_LIMIT (INT64_MAX / 2) /* of v1, which has a number for "none" that depends on pages */

/* Files of a control group, of both versions. */
struct hierarchy {
	const char *folder;	/* below the mount; "" of v2 */
	const char *controller; /* in /proc/PID/cgroup; "" of v2 */
	const char *most, *used, *cache;
};

static const struct hierarchy hierarchies[] = {
	{ "", "", "memory.max", "memory.current", "inactive_file " },
	{ "/unified", "", "memory.max", "memory.current", "inactive_file " },
	{ "/memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	  "total_inactive_file " },
};

static bool read_text(const char *path, const char *name, char *buf, size_t cap)
{
	char full[512];
	ssize_t n = -1;
	int fd;

	if (snprintf(full, sizeof(full), "%s/%s", path, name) >= (int)sizeof(full))
		return false;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, buf, cap - 1);
		close(fd);
	}
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

/* Bytes of a file with one number; UNKNOWN also for "max". */
static int64_t read_number(const char *path, const char *name)
{
	char text[64], *end;
	long long value;

	if (!read_text(path, name, text, sizeof(text)))
		return UNKNOWN;
	value = strtoll(text, &end, 10);
	return end == text || value < 0 || value > NO_LIMIT ? UNKNOWN : value;
}

static int64_t cache_of(const char *path, const struct hierarchy *h)
{
	char text[8192], key[40];
	const char *at;

	if (!read_text(path, "memory.stat", text, sizeof(text)))
		return 0;
	snprintf(key, sizeof(key), "\n%s", h->cache);
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static void take(struct limit *l, int64_t bytes, int64_t used, const char *of)
{
	if (bytes == UNKNOWN || used == UNKNOWN ||
	    (l->bytes != UNKNOWN && l->bytes - l->used <= bytes - used))
		return;
	l->bytes = bytes;
	l->used = used < 0 ? 0 : used;
	snprintf(l->of, sizeof(l->of), "%s", of);
}

/* Every group from @group up to the root. */
static void climb(struct limit *l, const struct hierarchy *h, const char *mount, char *group)
{
	for (int i = 0; i < LEVELS_MAX; i++) {
		char path[400], of[sizeof(l->of)];
		char *slash = strrchr(group, '/');
		int64_t most, used;

		if (snprintf(path, sizeof(path), "%s%s%s", mount, h->folder, group) >=
		    (int)sizeof(path))
			return;
		most = read_number(path, h->most);
		used = most == UNKNOWN ? UNKNOWN : read_number(path, h->used);
		if (used != UNKNOWN) {
			snprintf(of, sizeof(of), "cgroup %.140s", *group ? group : "/");
			take(l, most, used - cache_of(path, h), of);
		}
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* The group in a line "4:memory,cpu:/path" of the hierarchy's controller, or "0::/path". */
static bool find_group(const char *cgroup, const char *controller, char *group, size_t cap)
{
	for (const char *line = cgroup; line && *line; line = strchr(line, '\n')) {
		const char *names, *path, *found;

		line += *line == '\n';
		names = strchr(line, ':');
		path = names ? strchr(names + 1, ':') : NULL;
		if (!path)
			return false;
		names++;
		found = *controller ? strstr(names, controller) : names == path ? names : NULL;
		if (!found || found > path || (*controller && found == path))
			continue;
		snprintf(group, cap, "%.*s", (int)strcspn(path + 1, "\n"), path + 1);
		if (strcmp(group, "/") == 0)
			group[0] = '\0';
		return !strstr(group, "/..");
	}
	return false;
}

void limit_find(struct limit *l, const char *cgroup, const char *mount, const char *meminfo)
{
	const char *total = procfs_field(meminfo, "MemTotal");
	const char *available = procfs_field(meminfo, "MemAvailable");

	*l = (struct limit){ .bytes = UNKNOWN, .used = UNKNOWN };
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		char group[256];

		if (find_group(cgroup, hierarchies[i].controller, group, sizeof(group)))
			climb(l, &hierarchies[i], mount, group);
	}
	if (total && available) {
		int64_t bytes = strtoll(total, NULL, 10) * 1024;

		take(l, bytes, bytes - strtoll(available, NULL, 10) * 1024, "this machine");
	}
}

void limit_read(struct limit *l, const struct process *p)
{
	char cgroup[4096], meminfo[4096];

	if (procfs_read(p->pid, "cgroup", cgroup, sizeof(cgroup)) < 0)
		cgroup[0] = '\0';
	if (!read_text("/proc", "meminfo", meminfo, sizeof(meminfo)))
		meminfo[0] = '\0';
	limit_find(l, cgroup, "/sys/fs/cgroup", meminfo);
}
