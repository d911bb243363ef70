// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor_kernel.h"

/* From include/uapi/linux/bpf.h of Linux 6.6, for systems with older headers. */
#define TRACE_UPROBE_MULTI 48

struct link_uprobe_multi {
	uint32_t program, target, attach_type, flags;
	uint64_t path, offsets, ref_counters, cookies;
	uint32_t count, probe_flags, pid;
};

/* The perf event type of user probes, or -1. */
static int uprobe_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
	int type = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%d", &type) != 1)
		type = -1;
	fclose(f);
	return type;
}

/*
 * Put a probe on the first byte of our own file, where nothing runs, and take it away: 0 or -errno.
 */
static int try_uprobe(int type)
{
	static const char self[] = "/proc/self/exe";
	struct perf_event_attr attr = {
		.type = (uint32_t)type,
		.size = sizeof(attr),
		.config1 = (uint64_t)(uintptr_t)self, /* uprobe_path */
		.config2 = 0,			      /* probe_offset */
		.disabled = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/*
 * Does the kernel know links of many user probes? One on a directory is refused with EBADF where it
 * does, with EINVAL where it does not (bpf_uprobe_multi_link_attach() in kernel/trace/bpf_trace.c).
 */
static bool knows_uprobe_multi(void)
{
	static const struct bpf_insn leave[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = TRACE_UPROBE_MULTI);
	unsigned long offset = 0;
	struct link_uprobe_multi link = {
		.attach_type = TRACE_UPROBE_MULTI,
		.path = (uint64_t)(uintptr_t) "/",
		.offsets = (uint64_t)(uintptr_t)&offset,
		.count = 1,
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", leave, 2, &options), fd;
	bool known;

	if (program < 0)
		return false;
	link.program = (uint32_t)program;
	fd = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link));
	known = fd < 0 && errno == EBADF;
	if (fd >= 0)
		close(fd);
	close(program);
	return known;
}

void doctor_uprobes(const struct page *p)
{
	int type = uprobe_type(), err = type < 0 ? -ENOENT : try_uprobe(type);

	if (err && type < 0)
		finding_print(
			p, WORKS_MISSING, "user probes", "no perf events of type uprobe",
			"boot a kernel with CONFIG_UPROBE_EVENTS=y; the main job does without");
	else if (err)
		finding_print(p, WORKS_MISSING, "user probes", strerror(-err), NULL);
	else
		finding_print(p, WORKS_OK, "user probes",
			      knows_uprobe_multi() ? "many at once (uprobe_multi)" : "one by one",
			      NULL);
}
