// SPDX-License-Identifier: Apache-2.0
#include "points_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/siphash.h"

#define CACHE_VERSION 3 /* of what is searched and how it is written */
#define KEY_FILE "key"
#define BUILD_ID_MIN 16 /* hex digits; a shorter one is no key */

/* One file. */
struct entry {
	char magic[8]; /* "pypoints" */
	uint32_t version, size;
	uint64_t image; /* hash of all its bytes */
	struct py_points points;
	uint64_t seal; /* hash of all above */
};

static const char magic[8] = {'p', 'y', 'p', 'o', 'i', 'n', 't', 's'};

void points_cache_directory(char *out, size_t cap)
{
	const char *own = getenv("PYLEAK_CACHE"), *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	out[0] = '\0';
	if (own && own[0] == '/')
		snprintf(out, cap, "%s/points", own);
	else if (geteuid() == 0)
		snprintf(out, cap, "/var/cache/pyleak/points");
	else if (cache && cache[0] == '/')
		snprintf(out, cap, "%s/pyleak/points", cache);
	else if (home && home[0] == '/')
		snprintf(out, cap, "%s/.cache/pyleak/points", home);
}

/* The last two folders are made where they are missing. */
static void make_directory(const char *path)
{
	char parent[512];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = '\0';
	if (mkdir(parent, 0755) == 0 || errno == EEXIST)
		mkdir(path, 0700);
}

/* The directory if nobody else may write there, else -1. */
static int open_directory(const char *path, bool make)
{
	struct stat st;
	int fd;

	if (!*path)
		return -1;
	if (make)
		make_directory(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 022)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Exactly @len bytes of a file of ours. */
static bool read_own(int directory, const char *name, void *buf, size_t len)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool ok;

	if (fd < 0)
		return false;
	ok = !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	     !(st.st_mode & 022) && st.st_size == (off_t)len && read(fd, buf, len) == (ssize_t)len;
	close(fd);
	return ok;
}

/* All of it under its name, or nothing. */
static void write_own(int directory, const char *name, const void *buf, size_t len)
{
	char part[192];
	int fd;
	bool ok;

	snprintf(part, sizeof(part), "%.140s.%d", name, (int)getpid());
	fd = openat(directory, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	ok = write(fd, buf, len) == (ssize_t)len;
	if (close(fd) || !ok || renameat(directory, part, directory, name))
		unlinkat(directory, part, 0);
}

static bool read_key(int directory, uint64_t key[2], bool make)
{
	uint64_t fresh[2];

	if (read_own(directory, KEY_FILE, key, 16))
		return true;
	if (!make || getrandom(fresh, sizeof(fresh), 0) != sizeof(fresh))
		return false;
	write_own(directory, KEY_FILE, fresh, sizeof(fresh));
	return read_own(directory, KEY_FILE, key, 16);
}

static bool usable_name(const char *build_id)
{
	size_t len = strlen(build_id);

	return len >= BUILD_ID_MIN && len == strspn(build_id, "0123456789abcdef");
}

static uint64_t seal_of(const uint64_t key[2], const struct entry *e)
{
	return siphash(key, e, offsetof(struct entry, seal));
}

/* The seal says that we wrote it; an older pyleak of the same version may have been another. */
static bool is_sound(const struct py_points *p)
{
	bool sound = p->gc_starts <= PY_POINT_SITES && p->gc_dones <= PY_POINT_SITES &&
		     memchr(p->debug_file, 0, sizeof(p->debug_file));

	for (unsigned i = 0; sound && i < PY_POINTS; i++) {
		const struct py_point_found *point = &p->point[i];

		sound = point->sites <= PY_POINT_SITES && point->found <= PY_FOUND_CALL &&
			memchr(point->why, 0, sizeof(point->why));
		for (unsigned site = 0; sound && site < point->sites; site++)
			sound = memchr(point->site[site].instruction, 0,
				       sizeof(point->site[site].instruction)) != NULL;
	}
	return sound;
}

static bool load(int directory, const struct image *img, int minor, struct entry *e)
{
	uint64_t key[2], image;

	return read_key(directory, key, false) &&
	       read_own(directory, image_build_id(img), e, sizeof(*e)) &&
	       !memcmp(e->magic, magic, sizeof(magic)) && e->version == CACHE_VERSION &&
	       e->size == sizeof(*e) && e->seal == seal_of(key, e) && e->points.minor == minor &&
	       is_sound(&e->points) && !image_hash(img, key, &image) && e->image == image;
}

bool points_cache_load(const char *path, const struct image *img, int minor, struct py_points *out)
{
	int directory = usable_name(image_build_id(img)) ? open_directory(path, false) : -1;
	struct entry *e;
	bool known;

	if (directory < 0)
		return false;
	e = calloc(1, sizeof(*e));
	known = e && load(directory, img, minor, e);
	if (known)
		*out = e->points;
	free(e);
	close(directory);
	return known;
}

void points_cache_store(const char *path, const struct image *img, const struct py_points *points)
{
	int directory = usable_name(image_build_id(img)) ? open_directory(path, true) : -1;
	struct entry *e;
	uint64_t key[2];

	if (directory < 0)
		return;
	e = calloc(1, sizeof(*e));
	if (e && read_key(directory, key, true) && !image_hash(img, key, &e->image)) {
		memcpy(e->magic, magic, sizeof(magic));
		e->version = CACHE_VERSION;
		e->size = sizeof(*e);
		e->points = *points;
		e->seal = seal_of(key, e);
		write_own(directory, image_build_id(img), e, sizeof(*e));
	}
	free(e);
	close(directory);
}
