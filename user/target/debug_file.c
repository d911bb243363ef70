// SPDX-License-Identifier: Apache-2.0
#include "debug_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_debug(struct image **out, const char *path, const char *id, struct err *e)
{
	/* O_NONBLOCK: the target may have put a pipe there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	err = image_open_fd(out, fd, path, e);
	close(fd);
	if (!err && strcmp(image_build_id(*out), id) != 0) {
		image_close(*out);
		*out = NULL;
		return -ENOENT;
	}
	return err;
}

int image_open_debug(struct image **out, const struct process *p, const struct image *img,
		     struct err *e)
{
	const char *id = image_build_id(img);
	char file[200], path[256];
	int err;

	*out = NULL;
	if (strlen(id) < 3)
		return -ENOENT;
	snprintf(file, sizeof(file), "/usr/lib/debug/.build-id/%.2s/%.128s.debug", id, id + 2);
	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)p->pid, file);
	err = open_debug(out, path, id, e);
	if (err == 0)
		return 0;
	err = open_debug(out, file, id, e);
	return err == -ENOTDIR || err == -EACCES ? -ENOENT : err;
}
