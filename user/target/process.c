// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../util/procfs.h"
#include "container.h"

#define DELETED " (deleted)"

/* include/linux/sched.h; visible as field 9 of /proc/PID/stat. */
#define PF_KTHREAD 0x00200000

/* Some text files are longer (cgroup in deep hierarchies), but what is looked for comes first. */
#define SMALL_FILE 8192

static int no_such_process(pid_t pid, struct err *e)
{
	return err_set(e, -ESRCH, EXIT_FAILED, "pid %d: no such process", (int)pid);
}

/* Say why the process may not be looked into. */
static int not_permitted(const struct process *p, const char *what, int rc, struct err *e)
{
	char yama[8] = "";
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");

	if (f) {
		if (fgets(yama, sizeof(yama), f))
			yama[strcspn(yama, "\n")] = '\0';
		fclose(f);
	}
	if (geteuid() != 0)
		return err_set(e, rc, EXIT_NOT_PERMITTED,
			       "pid %d (%s): %s is not permitted without CAP_SYS_PTRACE%s%s: run "
			       "pyleak as root (sudo)",
			       (int)p->pid, p->comm, what,
			       *yama ? "; kernel.yama.ptrace_scope is " : "", yama);
	return err_set(e, rc, EXIT_NOT_PERMITTED,
		       "pid %d (%s): %s is not permitted: this root lacks CAP_SYS_PTRACE over it. "
		       "In a container, start "
		       "pyleak with --cap-add SYS_PTRACE --pid host, or run it on the host",
		       (int)p->pid, p->comm, what);
}

/* /proc/PID is not there although pidfd_open(2) or kill(2) may know the process. */
static int invisible(pid_t pid, struct err *e)
{
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return no_such_process(pid, e);
	return err_set(e, -EPERM, EXIT_NOT_PERMITTED,
		       "pid %d exists, but /proc hides it (mount option hidepid): CAP_SYS_PTRACE "
		       "is needed, run pyleak as root (sudo)",
		       (int)pid);
}

/* Fill what /proc/PID/stat says and refuse what has no memory to look at. */
static int read_stat(struct process *p, struct err *e)
{
	char text[1024];
	struct procfs_stat st;
	ssize_t n = procfs_read(p->pid, "stat", text, sizeof(text));

	if (n == -ENOENT || n == -ESRCH)
		return invisible(p->pid, e);
	if (n == -EACCES || n == -EPERM)
		return not_permitted(p, "reading /proc/PID/stat", (int)n, e);
	if (n < 0)
		return err_set(e, (int)n, EXIT_FAILED, "pid %d: cannot read /proc/%d/stat: %s",
			       (int)p->pid, (int)p->pid, strerror((int)-n));
	if (!procfs_stat_parse(text, &st))
		return err_set(e, -EINVAL, EXIT_FAILED, "pid %d: /proc/%d/stat is not understood",
			       (int)p->pid, (int)p->pid);
	p->start_ticks = st.start_ticks;
	memcpy(p->comm, st.comm, sizeof(p->comm));
	if (st.flags & PF_KTHREAD)
		return err_set(e, -ENOEXEC, EXIT_NOT_PYTHON,
			       "pid %d (%s) is a thread of the kernel, not a Python process",
			       (int)p->pid, p->comm);
	if (st.state == 'Z' || st.state == 'X')
		return err_set(e, -ESRCH, EXIT_TARGET_GONE,
			       st.threads > 1 ? "pid %d (%s): its main thread has ended, the "
						"kernel shows nothing of the others"
					      : "pid %d (%s) is a zombie: it has ended and only "
						"waits for its parent to notice",
			       (int)p->pid, p->comm);
	return 0;
}

/* Its pid inside, and is @pid a process at all, not one thread of it? */
static int read_status(struct process *p, struct err *e)
{
	char text[SMALL_FILE];
	const char *value;
	int tgid;

	if (procfs_read(p->pid, "status", text, sizeof(text)) < 0)
		return no_such_process(p->pid, e);
	value = procfs_field(text, "Tgid");
	tgid = value ? (int)strtol(value, NULL, 10) : p->pid;
	if (tgid != p->pid)
		return err_set(e, -EINVAL, EXIT_FAILED,
			       "pid %d is one thread of process %d: use -p %d", (int)p->pid, tgid,
			       tgid);
	p->ns_pid = p->pid;
	value = procfs_field(text, "NSpid");
	while (value && *value && *value != '\n') {
		p->ns_pid = (pid_t)strtol(value, NULL, 10);
		value += strcspn(value, "\t\n");
		value += strspn(value, "\t");
	}
	return 0;
}

static int read_exe(struct process *p, struct err *e)
{
	char path[48];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	n = readlink(path, p->exe, sizeof(p->exe) - 1);
	if (n < 0) {
		int rc = -errno;

		if (rc == -EACCES || rc == -EPERM)
			return not_permitted(p, "reading /proc/PID/exe", rc, e);
		return no_such_process(p->pid, e);
	}
	p->exe[n] = '\0';
	if ((size_t)n >= strlen(DELETED) && strcmp(p->exe + n - strlen(DELETED), DELETED) == 0)
		p->exe[(size_t)n - strlen(DELETED)] = '\0';
	return 0;
}

/* May its memory be read? Opening mem makes the kernel check as process_vm_readv(2) does
 * (PTRACE_MODE_ATTACH). */
static int try_memory(const struct process *p, struct err *e)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int rc = -errno;

		if (rc == -EACCES || rc == -EPERM)
			return not_permitted(p, "reading its memory", rc, e);
		return no_such_process(p->pid, e);
	}
	close(fd);
	return 0;
}

int process_open(struct process *p, pid_t pid, struct err *e)
{
	char cgroup[SMALL_FILE];
	int err;

	*p = (struct process){ .pid = pid, .pidfd = -1 };
	if (pid <= 0)
		return no_such_process(pid, e);
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = read_stat(p, e);
	if (!err)
		err = read_status(p, e);
	if (!err)
		err = read_exe(p, e);
	if (!err)
		err = try_memory(p, e);
	if (err) {
		process_close(p);
		return err;
	}
	if (procfs_read(pid, "cgroup", cgroup, sizeof(cgroup)) > 0) {
		container_of_cgroup(cgroup, p->container, sizeof(p->container));
		pod_of_cgroup(cgroup, p->pod, sizeof(p->pod));
	}
	return 0;
}

void process_close(struct process *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}

bool process_alive(const struct process *p)
{
	struct pollfd poll_exit = { .fd = p->pidfd, .events = POLLIN };
	struct procfs_stat st;
	char text[1024];

	if (p->pidfd >= 0)
		return poll(&poll_exit, 1, 0) == 0;
	if (procfs_read(p->pid, "stat", text, sizeof(text)) < 0 || !procfs_stat_parse(text, &st))
		return false;
	return st.start_ticks == p->start_ticks && st.state != 'Z' && st.state != 'X';
}

ssize_t process_threads(const struct process *p, pid_t *tids, size_t cap)
{
	struct dirent *entry;
	ssize_t count = 0;
	char path[48];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0)
			continue;
		if ((size_t)count < cap)
			tids[count] = tid;
		count++;
	}
	closedir(dir);
	return count ? count : -ESRCH;
}

/*
 * The process's CPU clock (clock_getcpuclockid(3)) counts in ns, counts threads that have ended
 * too, and asks for no privilege; utime + stime of /proc/PID/stat is the same sum cut to 10 ms.
 */
uint64_t process_cpu_ns(const struct process *p)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(p->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
		return 0;
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* start_ticks counts from boot, suspend included (proc(5), field 22). */
double process_age_seconds(const struct process *p)
{
	long per_second = sysconf(_SC_CLK_TCK);
	struct timespec now;

	if (per_second <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return -1;
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	       (double)p->start_ticks / (double)per_second;
}
