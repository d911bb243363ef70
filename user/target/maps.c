// SPDX-License-Identifier: Apache-2.0
#include "maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "../util/grow.h"

#define DELETED " (deleted)"

/* vm.max_map_count is 65530 by default; what is above this is refused as absurd. */
#define MAPS_MAX 16000000

/* The hexadecimal number at *@text, which moves behind it and behind @sep; false where there is
 * none. */
static bool take_hex(const char **text, char sep, uint64_t *value)
{
	const char *p = *text;
	char *end;

	if (!strchr("0123456789abcdef", *p) || *p == '\0')
		return false;
	errno = 0;
	*value = strtoull(p, &end, 16);
	if (errno || *end != sep)
		return false;
	*text = end + 1;
	return true;
}

/* "rw-p " at *@text. */
static bool take_prot(const char **text, uint32_t *prot)
{
	const char *p = *text;

	if (strnlen(p, 5) < 5 || p[4] != ' ')
		return false;
	*prot = (p[0] == 'r' ? MAP_R : 0) | (p[1] == 'w' ? MAP_W : 0) | (p[2] == 'x' ? MAP_X : 0) |
		(p[3] == 's' ? MAP_SHARED_ : 0);
	*text = p + 5;
	return true;
}

/*
 * Undo in place what show_map_vma() (fs/proc/task_mmu.c) does to a path: seq_path(m, file, "\n")
 * writes newlines as
 * \\012 and leaves backslashes alone. A name that has those four characters itself cannot be told
 * apart; whoever opens a path compares device and inode.
 */
static void unescape_newlines(char *path)
{
	char *from = path, *to = path;

	while (*from) {
		if (strncmp(from, "\\012", 4) == 0) {
			*to++ = '\n';
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/*
 * One line: "7f12-7f34 r-xp 00001000 fe:01 4242      /usr/lib/libc.so.6 (deleted)". Fills all but
 * @m->path, which is left pointing into @line. False where the line is not of that form.
 */
static bool parse_line(char *line, struct map *m)
{
	const char *p = line;
	uint64_t major, minor;
	size_t len;
	char *end;

	if (!take_hex(&p, '-', &m->start) || !take_hex(&p, ' ', &m->end) ||
	    !take_prot(&p, &m->prot) || !take_hex(&p, ' ', &m->offset) ||
	    !take_hex(&p, ':', &major) || !take_hex(&p, ' ', &minor))
		return false;
	if (m->start >= m->end)
		return false;
	errno = 0;
	m->inode = strtoull(p, &end, 10);
	if (errno || end == p || (*end != ' ' && *end != '\0'))
		return false;
	m->dev = (uint32_t)makedev((unsigned)major, (unsigned)minor);
	m->path = end + strspn(end, " ");
	len = strlen(m->path);
	m->deleted =
		len >= strlen(DELETED) && strcmp(m->path + len - strlen(DELETED), DELETED) == 0;
	if (m->deleted)
		m->path[len - strlen(DELETED)] = '\0';
	unescape_newlines(m->path);
	return true;
}

/* Append a copy of @m, which owns a copy of its path then. */
static int append(struct maps *maps, size_t *cap, const struct map *m)
{
	if (maps->count == MAPS_MAX || grow(&maps->map, cap, maps->count + 1, sizeof(*m)) != 0)
		return -ENOMEM;
	maps->map[maps->count] = *m;
	maps->map[maps->count].path = strdup(m->path);
	if (!maps->map[maps->count].path)
		return -ENOMEM;
	maps->count++;
	return 0;
}

int maps_parse(struct maps *maps, FILE *text)
{
	size_t cap = 0, line_cap = 0;
	char *line = NULL;
	ssize_t len;
	int err = 0;

	*maps = (struct maps){ 0 };
	while (!err && (len = getline(&line, &line_cap, text)) > 0) {
		struct map m = { 0 };

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!parse_line(line, &m))
			err = -EINVAL;
		else if (maps->count && maps->map[maps->count - 1].end > m.start)
			continue; /* the map changed between two reads: keep what came first */
		else
			err = append(maps, &cap, &m);
	}
	if (!err && ferror(text))
		err = -EIO;
	free(line);
	if (err)
		maps_release(maps);
	return err;
}

int maps_read(struct maps *maps, pid_t pid)
{
	char path[48];
	FILE *text;
	int err;

	*maps = (struct maps){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	text = fopen(path, "re");
	if (!text)
		return errno == ENOENT ? -ESRCH : -errno;
	errno = 0;
	err = maps_parse(maps, text);
	if (err == -EIO && errno)
		err = -errno;
	fclose(text);
	if (!err && maps->count == 0)
		err = -ESRCH;
	return err;
}

void maps_release(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->map[i].path);
	free(maps->map);
	*maps = (struct maps){ 0 };
}

const struct map *maps_find(const struct maps *maps, uint64_t addr)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct map *m = &maps->map[middle];

		if (addr < m->start)
			high = middle;
		else if (addr >= m->end)
			low = middle + 1;
		else
			return m;
	}
	return NULL;
}
