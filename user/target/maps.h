// SPDX-License-Identifier: Apache-2.0
/*
 * The memory map of a process, /proc/PID/maps, as an array ordered by address.
 */
#ifndef PYLEAK_TARGET_MAPS_H
#define PYLEAK_TARGET_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum map_prot { MAP_R = 1, MAP_W = 2, MAP_X = 4, MAP_SHARED_ = 8 };

struct map {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t inode;	 /* 0 for anonymous memory */
	uint32_t prot;	 /* enum map_prot bits */
	uint32_t dev;	 /* makedev() of the file */
	char *path;	 /* owned; "", "[heap]", "[stack]", or a path, without " (deleted)" */
	bool deleted;	 /* the file was unlinked or replaced */
};

struct maps {
	struct map *map; /* owned, ordered by start, not overlapping */
	size_t count;
};

/*
 * Read the map of @pid. 0, -ESRCH where it is gone or a zombie (empty map), -EACCES, -ENOMEM.
 * Release with maps_release().
 */
int maps_read(struct maps *m, pid_t pid);
void maps_release(struct maps *m);

/*
 * The same from any text of that form: a recorded map. -EINVAL where a line is no mapping. A line
 * that overlaps the one before it is dropped: the map changed between two reads of the kernel's.
 */
int maps_parse(struct maps *m, FILE *text);

/* The map that holds @addr, or NULL. */
const struct map *maps_find(const struct maps *m, uint64_t addr);

#endif
