// SPDX-License-Identifier: Apache-2.0
#include "open_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/printable.h"
#include "../util/strbuf.h"

/*
 * Open @path for reading if it is a regular file, or -errno. O_PATH looks first: a mapping may be
 * of a device, whose driver would notice an open, and a path may name a pipe by now.
 */
static int open_regular(const char *path)
{
	int at = open(path, O_PATH | O_CLOEXEC), fd;
	char again[48];
	struct stat st;

	if (at < 0)
		return -errno;
	if (fstat(at, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(at);
		return -EINVAL;
	}
	snprintf(again, sizeof(again), "/proc/self/fd/%d", at);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(at);
	return fd;
}

/*
 * Is it the file that is mapped? Overlay and some other file systems report another device in maps
 * than stat(2) does; there this says no, and map_files is the way.
 */
static bool is_mapped_file(int fd, const struct map *m)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == m->inode && (uint32_t)st.st_dev == m->dev;
}

/* Note in @tried that @path did not do. */
static void tried_add(struct strbuf *tried, const char *path, const char *why)
{
	char shown[160];

	printable_copy(shown, sizeof(shown), path, sizeof(shown));
	strbuf_addf(tried, "%s%s: %s", tried->len ? "; " : "", shown, why);
}

/* A descriptor of the mapped file, or -errno with all attempts in @tried. */
static int open_mapped(const struct process *p, const struct map *m, struct strbuf *tried)
{
	char path[4200];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)p->pid,
		 m->start, m->end);
	fd = open_regular(path);
	if (fd >= 0)
		return fd;
	err = fd;
	tried_add(tried, path, strerror(-fd));

	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)p->pid, m->path);
	fd = m->path[0] == '/' ? open_regular(path) : -ENOENT;
	if (fd >= 0 && is_mapped_file(fd, m))
		return fd;
	tried_add(tried, path, fd < 0 ? strerror(-fd) : "is another file by now");
	if (fd >= 0)
		close(fd);

	if (strcmp(m->path, p->exe) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
		fd = open_regular(path);
		if (fd >= 0)
			return fd;
		tried_add(tried, path, strerror(-fd));
	}
	return err;
}

int image_open_target(struct image **out, const struct process *p, const struct map *m,
		      struct err *e)
{
	char text[400], file[256], name[320];
	struct strbuf tried;
	int fd, err;

	*out = NULL;
	printable_copy(file, sizeof(file), m->path, sizeof(file));
	strbuf_init(&tried, text, sizeof(text));
	fd = open_mapped(p, m, &tried);
	if (fd == -EPERM || fd == -EACCES)
		return err_set(e, fd, EXIT_NOT_PERMITTED,
			       "pid %d: cannot open the file mapped as %s without CAP_SYS_ADMIN or "
			       "CAP_CHECKPOINT_RESTORE, run pyleak as root (sudo). Tried %s",
			       (int)p->pid, file, text);
	if (fd < 0)
		return err_set(e, fd, EXIT_FAILED,
			       "pid %d: cannot open the file mapped as %s. Tried %s", (int)p->pid,
			       file, text);
	snprintf(name, sizeof(name), "pid %d: %s%s", (int)p->pid, file,
		 m->deleted ? " (deleted)" : "");
	err = image_open_fd(out, fd, name, e);
	close(fd);
	return err;
}

int image_open_path(struct image **out, const char *path, struct err *e)
{
	int fd = open_regular(path), rc;

	*out = NULL;
	if (fd < 0)
		return err_set(e, fd, EXIT_FAILED, "cannot open %s: %s", path, strerror(-fd));
	rc = image_open_fd(out, fd, path, e);
	close(fd);
	return rc;
}
