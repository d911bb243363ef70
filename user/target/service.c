// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/printable.h"
#include "../util/procfs.h"

#define TEXT_MAX 32768 /* of environment and command line; what is behind is not looked at */

/* Options of python3 whose value is the next word. */
#define OPTIONS_WITH_VALUE "WX"

static void copy(char *out, size_t cap, const char *from, size_t len)
{
	printable_copy(out, cap, from, len);
}

/* The value of @key in "k=v,k=v" (OpenTelemetry, resource SDK: percent-encoded, which names of
 * services do not need). */
static void attribute(const char *list, const char *key, char *out, size_t cap)
{
	size_t len = strlen(key);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n > len && strncmp(list, key, len) == 0 && list[len] == '=')
			copy(out, cap, list + len + 1, n - len - 1);
		list += n;
		list += *list == ',';
	}
}

bool service_of_environment(const char *environ, size_t len, struct service *s)
{
	static const char name[] = "OTEL_SERVICE_NAME=", more[] = "OTEL_RESOURCE_ATTRIBUTES=";
	const char *own = NULL;

	s->name[0] = s->release[0] = '\0';
	for (size_t at = 0; at < len; at += strlen(environ + at) + 1) {
		const char *entry = environ + at;

		if (strncmp(entry, name, strlen(name)) == 0)
			own = entry + strlen(name);
		if (strncmp(entry, more, strlen(more)) != 0)
			continue;
		attribute(entry + strlen(more), "service.name", s->name, sizeof(s->name));
		attribute(entry + strlen(more), "service.version", s->release, sizeof(s->release));
	}
	if (own && *own)
		copy(s->name, sizeof(s->name), own, strlen(own));
	return s->name[0];
}

bool service_of_cgroup(const char *cgroup, char *out, size_t cap)
{
	static const char suffix[] = ".service", other_people[] = "user@";

	out[0] = '\0';
	/* The innermost unit that is not just the manager of somebody's session. */
	for (const char *end = cgroup; (end = strstr(end, suffix)); end++) {
		const char *start = end;

		while (start > cgroup && start[-1] != '/')
			start--;
		if (strchr("/\n", end[strlen(suffix)]) &&
		    strncmp(start, other_people, strlen(other_people)) != 0)
			copy(out, cap, start, (size_t)(end - start));
	}
	return out[0];
}

/* Of a path without its folders and ".py"; the folder itself for "__main__.py" and the like. */
static void program_name(const char *path, char *out, size_t cap)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 3 && strcmp(name + len - 3, ".py") == 0)
		len -= 3;
	if (len == strlen("__main__") && strncmp(name, "__main__", len) == 0 && slash) {
		const char *end = slash;

		while (slash > path && slash[-1] != '/')
			slash--;
		name = slash;
		len = (size_t)(end - slash);
	}
	copy(out, cap, name, len);
}

bool service_of_command(const char *cmdline, size_t len, char *out, size_t cap)
{
	const char *word = cmdline, *end = cmdline + len;
	const char *slash = len ? strrchr(cmdline, '/') : NULL;

	out[0] = '\0';
	if (!len)
		return false;
	if (strncmp(slash ? slash + 1 : cmdline, "python", 6) != 0) {
		/* "gunicorn: worker [app]": what setproctitle wrote has no words behind. */
		size_t n = strcspn(cmdline, ": ");

		if (cmdline[n])
			copy(out, cap, cmdline, n);
		else
			program_name(cmdline, out, cap);
		return out[0];
	}
	for (word += strlen(word) + 1; word < end; word += strlen(word) + 1) {
		if (word[0] != '-') {
			program_name(word, out, cap);
			return out[0];
		}
		if (strcmp(word, "-m") == 0 && word + 3 < end) {
			copy(out, cap, word + 3, strlen(word + 3));
			return out[0];
		}
		if (strcmp(word, "-c") == 0 || strcmp(word, "-") == 0)
			return false;
		if (word[1] && strchr(OPTIONS_WITH_VALUE, word[1]) && !word[2])
			word += strlen(word) + 1;
	}
	return false;
}

void service_read(struct service *s, const struct process *p)
{
	char *text = malloc(TEXT_MAX);
	ssize_t n;

	*s = (struct service){ .name = "" };
	if (text) {
		n = procfs_read(p->pid, "environ", text, TEXT_MAX);
		service_of_environment(text, n > 0 ? (size_t)n : 0, s);
		if (!s->name[0] && !p->container[0] && !p->pod[0] &&
		    procfs_read(p->pid, "cgroup", text, TEXT_MAX) > 0)
			service_of_cgroup(text, s->name, sizeof(s->name));
		if (!s->name[0]) {
			n = procfs_read(p->pid, "cmdline", text, TEXT_MAX);
			service_of_command(text, n > 0 ? (size_t)n : 0, s->name, sizeof(s->name));
		}
	}
	if (!s->name[0])
		snprintf(s->name, sizeof(s->name), "%s", p->comm);
	free(text);
}
