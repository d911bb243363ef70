// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ID_DIGITS 64

/* The last run of exactly 64 hex digits of one line: a container started inside another comes later
 * in the path. */
static const char *last_id(const char *line, size_t len)
{
	const char *found = NULL;
	size_t run = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && isxdigit((unsigned char)line[i])) {
			run++;
			continue;
		}
		if (run == ID_DIGITS)
			found = line + i - ID_DIGITS;
		run = 0;
	}
	return found;
}

/* Where a manager puts a name into a path element: prefix NAME suffix. */
static const struct naming {
	const char *prefix, *suffix;
} namings[] = {
	{ "/systemd-nspawn@", ".service" },
	{ "/machine-", ".scope" },
	{ "/lxc.payload.", "" },
	{ "/lxc/", "" },
};

/* Copy a unit's name, undoing systemd's escape of '-' (systemd-escape(1)): "\x2d". */
static void copy_name(char *out, size_t cap, const char *name, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < cap - 1; i++) {
		if (len - i >= 4 && strncmp(name + i, "\\x2d", 4) == 0) {
			out[used++] = '-';
			i += 3;
		} else {
			out[used++] = name[i];
		}
	}
	out[used] = '\0';
}

static bool named(const char *line, size_t len, char *out, size_t cap)
{
	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
		size_t prefix = strlen(namings[i].prefix), suffix = strlen(namings[i].suffix);
		const char *name = memmem(line, len, namings[i].prefix, prefix);
		const char *end;

		if (!name)
			continue;
		name += prefix;
		end = memchr(name, '/', (size_t)(line + len - name));
		if (!end)
			end = line + len;
		if ((size_t)(end - name) <= suffix ||
		    memcmp(end - suffix, namings[i].suffix, suffix) != 0)
			continue;
		copy_name(out, cap, name, (size_t)(end - name) - suffix);
		return true;
	}
	return false;
}

void container_of_cgroup(const char *cgroup, char *out, size_t cap)
{
	out[0] = '\0';
	for (const char *line = cgroup; *line;) {
		size_t len = strcspn(line, "\n");
		const char *id = last_id(line, len);

		if (id) {
			snprintf(out, cap, "%.*s", ID_DIGITS, id);
			return;
		}
		if (!out[0])
			named(line, len, out, cap);
		line += len;
		line += *line == '\n';
	}
}

#define UID_CHARS 36 /* 8-4-4-4-12 hex digits, or 32 of a static pod */
#define UID_LEAST 32

void pod_of_cgroup(const char *cgroup, char *out, size_t cap)
{
	static const char mark[] = "pod";

	out[0] = '\0';
	if (!strstr(cgroup, "/kubepods"))
		return;
	for (const char *at = cgroup; (at = strstr(at, mark)); at++) {
		const char *uid = at + strlen(mark);
		size_t len = strspn(uid, "0123456789abcdefABCDEF-_");

		if (len < UID_LEAST || len > UID_CHARS || len >= cap)
			continue;
		for (size_t i = 0; i < len; i++)
			out[i] = uid[i] == '_' ? '-' : uid[i];
		out[len] = '\0';
		return;
	}
}

void pod_name(const char *root, const char *uid, char *out, size_t cap)
{
	size_t uid_len = strlen(uid);
	struct dirent *entry;
	char path[300];
	DIR *dir;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/var/log/pods", root);
	dir = uid_len ? opendir(path) : NULL;
	while (dir && !out[0] && (entry = readdir(dir))) {
		const char *name = strchr(entry->d_name, '_');
		size_t len = strlen(entry->d_name);

		/* Neither namespaces nor names of pods have a '_' in them. */
		if (!name || len < uid_len + 2 || strcmp(entry->d_name + len - uid_len, uid) != 0 ||
		    entry->d_name[len - uid_len - 1] != '_' ||
		    name >= entry->d_name + len - uid_len - 1)
			continue;
		snprintf(out, cap, "%.*s/%.*s", (int)(name - entry->d_name), entry->d_name,
			 (int)(entry->d_name + len - uid_len - 1 - (name + 1)), name + 1);
	}
	if (dir)
		closedir(dir);
}
