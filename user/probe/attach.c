// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UPROBE_MULTI_RETURN 1 /* BPF_F_UPROBE_MULTI_RETURN */
#define PERF_UPROBE_RETURN 1  /* of perf_event_attr.config */

/* link_create of union bpf_attr, as of Linux 6.6. */
struct link_uprobe_multi {
	uint32_t program, target, attach_type, flags;
	uint64_t path, offsets, ref_counters, cookies;
	uint32_t count, probe_flags, pid;
};

static int create_link(struct link_uprobe_multi *link)
{
	/* The kernel takes a longer attr only where the rest is 0, so no padding is passed. */
	size_t size = offsetof(struct link_uprobe_multi, pid) + sizeof(link->pid);
	int fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, link, size);

	return fd < 0 ? -errno : fd;
}

/*
 * Does the kernel know links of that type? One on a directory is refused with EBADF where it does,
 * with EINVAL where it does not (bpf_uprobe_multi_link_attach() in kernel/trace/bpf_trace.c).
 */
static bool knows_link(int type)
{
	static const struct bpf_insn leave[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	unsigned long offset = 0;
	struct link_uprobe_multi link = {
		.attach_type = (uint32_t)type,
		.path = (uint64_t)(uintptr_t) "/",
		.offsets = (uint64_t)(uintptr_t)&offset,
		.count = 1,
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", leave, 2, &options), fd;

	if (program < 0)
		return false;
	link.program = (uint32_t)program;
	fd = create_link(&link);
	close(program);
	if (fd >= 0)
		close(fd);
	return fd == -EBADF;
}

enum attach_way attach_best(void)
{
	if (knows_link(ATTACH_TYPE_UPROBE_SESSION))
		return ATTACH_SESSION;
	return knows_link(ATTACH_TYPE_UPROBE_MULTI) ? ATTACH_MULTI : ATTACH_PERF;
}

const char *attach_name(enum attach_way way)
{
	static const char *const names[] = { "perf uprobes", "uprobe_multi", "uprobe session" };

	return names[way];
}

int attach_type(enum attach_way way)
{
	static const int types[] = { 0, ATTACH_TYPE_UPROBE_MULTI, ATTACH_TYPE_UPROBE_SESSION };

	return types[way];
}

int attach_return_type(enum attach_way way)
{
	return way == ATTACH_PERF ? 0 : ATTACH_TYPE_UPROBE_MULTI;
}

/* The perf event type of user probes, or -errno. */
static int perf_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type;

	if (!f)
		return -errno;
	if (fscanf(f, "%d", &type) != 1)
		type = -ENOENT;
	fclose(f);
	return type;
}

static int attach_perf(int program, const char *path, uint64_t offset, pid_t pid, bool at_return)
{
	int type = perf_type(), fd, rc;
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config = at_return ? PERF_UPROBE_RETURN : 0,
		.config1 = (uint64_t)(uintptr_t)path, /* uprobe_path */
		.config2 = offset,		      /* probe_offset */
	};

	if (type < 0)
		return type;
	fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int attach_probes(enum attach_way way, int program, const char *path, const uint64_t *offsets,
		  unsigned count, pid_t pid, enum attach_at at)
{
	struct link_uprobe_multi link = {
		.program = (uint32_t)program,
		.attach_type = (uint32_t)(at == ATTACH_BOTH ? attach_type(way)
							    : attach_return_type(way)),
		.path = (uint64_t)(uintptr_t)path,
		.offsets = (uint64_t)(uintptr_t)offsets,
		.count = count,
		.probe_flags = at == ATTACH_RETURN ? UPROBE_MULTI_RETURN : 0,
		.pid = (uint32_t)pid,
	};

	if (way != ATTACH_PERF)
		return create_link(&link);
	return count == 1 ? attach_perf(program, path, *offsets, pid, at == ATTACH_RETURN) : -E2BIG;
}

int attach_probe(enum attach_way way, int program, const char *path, uint64_t offset, pid_t pid,
		 enum attach_at at)
{
	return attach_probes(way, program, path, &offset, 1, pid, at);
}
