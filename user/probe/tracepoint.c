// SPDX-License-Identifier: Apache-2.0
#include "tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_mounted(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && faccessat(fd, "events", R_OK, 0) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

static int kept = -1;

int tracefs_kept(void)
{
	return kept;
}

int tracefs_keep(void)
{
	int fd = kept >= 0 ? kept : tracefs_open();

	if (fd >= 0)
		kept = fd;
	return fd;
}

int tracefs_open(void)
{
	int mounted, context, fd;

	if (kept >= 0) {
		fd = fcntl(kept, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	mounted = open_mounted();
	if (mounted >= 0)
		return mounted;
	context = fsopen("tracefs", FSOPEN_CLOEXEC);
	if (context < 0)
		return -errno;
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		fd = -errno;
	else
		fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (fd == -1)
		fd = -errno;
	close(context);
	return fd;
}

/* The tracepoint's number, or -errno. */
static int number_of(int tracefs, const char *category, const char *name)
{
	char path[128], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "events/%s/%s/id", category, name);
	fd = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

int tracepoint_attach(int tracefs, const char *category, const char *name, int program)
{
	int number = number_of(tracefs, category, name), fd, rc;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = (uint64_t)number,
	};

	if (number < 0)
		return number;
	/* One event on any CPU: its program runs on all of them. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}
