// SPDX-License-Identifier: Apache-2.0
#include "descriptors.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../util/grow.h"
#include "../util/printable.h"

/* How the link of a descriptor begins, by fs/proc and the drivers' names of anonymous inodes. */
static const struct {
	const char *head;
	enum resource_kind kind;
} kinds[] = {
	{ "socket:[", RESOURCE_SOCKET },
	{ "pipe:[", RESOURCE_PIPE },
	{ "anon_inode:[eventpoll]", RESOURCE_EPOLL },
	{ "anon_inode:[eventfd]", RESOURCE_EVENTFD },
	{ "anon_inode:inotify", RESOURCE_INOTIFY },
	{ "anon_inode:", RESOURCE_OTHER },
	{ "/", RESOURCE_FILE },
};

static void classify(struct descriptor *d, const char *link)
{
	const char *text = link;

	d->kind = RESOURCE_OTHER;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(link, kinds[i].head, strlen(kinds[i].head)) != 0)
			continue;
		d->kind = kinds[i].kind;
		break;
	}
	if (d->kind == RESOURCE_SOCKET || d->kind == RESOURCE_PIPE)
		d->inode = strtoull(strchr(link, '[') + 1, NULL, 10);
	if (strncmp(link, "anon_inode:", strlen("anon_inode:")) == 0)
		text += strlen("anon_inode:");
	printable_copy(d->what, sizeof(d->what), text, strlen(text));
}

static int by_number(const void *a, const void *b)
{
	return ((const struct descriptor *)a)->fd - ((const struct descriptor *)b)->fd;
}

static int add(struct descriptors *d, int directory, const char *name)
{
	struct descriptor *one;
	char link[512];
	ssize_t n;

	if (!isdigit((unsigned char)name[0]))
		return 0;
	if (d->count == DESCRIPTORS_MAX) {
		d->beyond++;
		return 0;
	}
	n = readlinkat(directory, name, link, sizeof(link) - 1);
	if (n < 0) /* closed meanwhile */
		return 0;
	link[n] = '\0';
	if (grow(&d->descriptor, &d->cap, d->count + 1, sizeof(*d->descriptor)))
		return -ENOMEM;
	one = &d->descriptor[d->count++];
	*one = (struct descriptor){ .fd = (int)strtol(name, NULL, 10) };
	classify(one, link);
	return 0;
}

static DIR *open_directory(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return opendir(path);
}

int descriptors_read(struct descriptors *d, pid_t pid)
{
	DIR *directory = open_directory(pid);
	struct dirent *entry;
	int rc = 0;

	*d = (struct descriptors){ 0 };
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!rc && (entry = readdir(directory)))
		rc = add(d, dirfd(directory), entry->d_name);
	closedir(directory);
	if (rc) {
		descriptors_release(d);
		return rc;
	}
	if (d->count)
		qsort(d->descriptor, d->count, sizeof(*d->descriptor), by_number);
	return 0;
}

int64_t descriptors_count(pid_t pid)
{
	DIR *directory = open_directory(pid);
	struct dirent *entry;
	struct stat st;
	int64_t count = 0;

	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	if (fstat(dirfd(directory), &st) == 0 && st.st_size > 0)
		count = st.st_size;
	else
		while ((entry = readdir(directory)))
			count += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(directory);
	return count;
}
