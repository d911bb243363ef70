// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <ctype.h>
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
