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

/* O_NONBLOCK: the path may name a pipe or a device by now. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

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
	fd = open(path, OPEN_FLAGS);
	if (fd >= 0)
		return fd;
	err = -errno;
	tried_add(tried, path, strerror(errno));

	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)p->pid, m->path);
	fd = m->path[0] == '/' ? open(path, OPEN_FLAGS) : -1;
	if (fd >= 0 && is_mapped_file(fd, m))
		return fd;
	tried_add(tried, path,
		  fd >= 0	      ? "is another file by now"
		  : m->path[0] == '/' ? strerror(errno)
				      : "no path");
	if (fd >= 0)
		close(fd);

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	if (strcmp(m->path, p->exe) == 0) {
		fd = open(path, OPEN_FLAGS);
		if (fd >= 0)
			return fd;
		tried_add(tried, path, strerror(errno));
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
