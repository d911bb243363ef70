// SPDX-License-Identifier: Apache-2.0
#include "doctor_kernel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../probe/watch.h"
#include "../target/memory.h"
#include "../target/present.h"
#include "../util/strbuf.h"

/* Not in the headers of older systems. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

#define BE_ROOT "run pyleak as root (sudo); in a container, start it with --privileged --pid host"

/* Effective capabilities as bits, by capget(2); 0 where that failed. */
static uint64_t capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) != 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

/*
 * What each capability is needed for; CAP_SYS_ADMIN includes some of the younger ones
 * (capabilities(7)).
 */
static void check_capabilities(const struct page *p)
{
	static const struct {
		unsigned bit;
		const char *name, *use;
		bool in_admin;
	} needed[] = {
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
		  "to read memory, maps and pagemap of other users' processes", false },
		{ CAP_BPF, "CAP_BPF", "to load BPF programs", true },
		{ CAP_PERFMON, "CAP_PERFMON",
		  "to watch words of a process, to read its memory from BPF", true },
		{ CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE",
		  "to open executables that were deleted or replaced", true },
	};
	uint64_t held = capabilities();
	unsigned missing = 0;
	char seen[160];

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		bool own = held >> needed[i].bit & 1;
		bool by_admin = needed[i].in_admin && (held >> CAP_SYS_ADMIN & 1);
		bool last = i + 1 == sizeof(needed) / sizeof(needed[0]);

		snprintf(seen, sizeof(seen), "%s%s", needed[i].use,
			 own || !by_admin ? "" : " (held as part of CAP_SYS_ADMIN)");
		missing += !own && !by_admin;
		finding_print(p, own || by_admin ? WORKS_OK : WORKS_MISSING, needed[i].name, seen,
			      last && missing ? BE_ROOT : NULL);
	}
}

static void check_btf(const struct page *p)
{
	struct btf *btf;

	libbpf_set_print(NULL); /* it would print to standard error what is said here */
	btf = btf__load_vmlinux_btf();
	if (libbpf_get_error(btf) == 0)
		finding_print(p, WORKS_OK, "kernel BTF",
			      "types of this kernel, for the BPF programs", NULL);
	else
		finding_print(
			p, WORKS_MISSING, "kernel BTF",
			"no usable /sys/kernel/btf/vmlinux: holders are named, but not the lines "
			"that store",
			"boot a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions build "
			"theirs");
	btf__free(btf);
}

static void ignore_event(void *arg, const struct watch_event *event)
{
	(void)arg;
	(void)event;
}

/*
 * Watch @words words of our own with the real programs and write to each. What was seen by the
 * kernel side counts: no stack can come of it, since we are no Python.
 */
static void try_watch(const struct page *p, struct watch *w)
{
	static volatile uint64_t word[WATCH_SLOTS];
	struct watch_stats before, after;
	unsigned armed = 0;
	char seen[160];
	int rc = 0;

	watch_stats(w, &before);
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++) {
		int err = watch_arm(w, slot, (uint64_t)(uintptr_t)&word[slot], 0, 1);

		armed += err == 0;
		rc = rc ? rc : err;
	}
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++)
		word[slot]++;
	watch_poll(w, 0, ignore_event, NULL);
	watch_stats(w, &after);
	for (unsigned slot = 0; slot < WATCH_SLOTS; slot++)
		watch_disarm(w, slot);

	if (armed == 0) {
		snprintf(seen, sizeof(seen), "no hardware breakpoint can be set: %s",
			 strerror(-rc));
		finding_print(p, WORKS_MISSING, "watchpoints", seen,
			      rc == -EACCES || rc == -EPERM
				      ? BE_ROOT ", or lower kernel.perf_event_paranoid"
				      : "this machine hides its debug registers (some virtual "
					"machines do): holders are "
					"named, but not the lines that store");
	} else if (after.hits == before.hits) {
		finding_print(
			p, WORKS_MISSING, "watchpoints",
			"breakpoints are accepted, but a write to a watched word was not seen",
			"the virtual machine does not pass debug exceptions on: holders are named, "
			"but not the "
			"lines that store");
	} else {
		snprintf(seen, sizeof(seen),
			 "%u of %d words at a time; %d writes of our own, %d seen", armed,
			 WATCH_SLOTS, WATCH_SLOTS, (int)(after.hits - before.hits));
		finding_print(
			p, armed < WATCH_SLOTS ? WORKS_LIMITED : WORKS_OK, "watchpoints", seen,
			armed < WATCH_SLOTS ? "a debugger or another pyleak holds debug registers"
					    : NULL);
	}
}

/*
 * The programs themselves, loaded for our own process: what the verifier, BTF, maps and ring buffer
 * have to say.
 */
static void check_bpf(const struct page *p)
{
	struct py_unwind nothing = { .tgid = (uint32_t)getpid() };
	struct err e = { 0 };
	struct process self;
	struct watch *w;

	if (process_open(&self, getpid(), &e) != 0 || watch_open(&w, &self, &nothing, &e) != 0) {
		finding_print(p, WORKS_MISSING, "BPF programs", e.text, NULL);
		finding_print(p, WORKS_MISSING, "watchpoints", "not tried without the BPF programs",
			      NULL);
		process_close(&self);
		return;
	}
	finding_print(p, WORKS_OK, "BPF programs", "loaded, with their maps and ring buffer", NULL);
	try_watch(p, w);
	watch_close(w);
	process_close(&self);
}

static void check_memory(const struct page *p)
{
	uint64_t word = 0x6c61656b, got;
	struct present *pages;
	struct remote self;
	int err;

	remote_init(&self, getpid());
	err = remote_read(&self, (uint64_t)(uintptr_t)&word, &got, sizeof(got));
	finding_print(p, err ? WORKS_MISSING : WORKS_OK, "process_vm_readv",
		      err ? strerror(-err) : "reads memory without stopping anyone",
		      !err	       ? NULL
		      : err == -ENOSYS ? "boot a kernel with CONFIG_CROSS_MEMORY_ATTACH=y"
				       : "a seccomp filter forbids it: " BE_ROOT);
	err = present_open(&pages, getpid());
	if (err)
		finding_print(p, WORKS_MISSING, "pagemap", strerror(-err),
			      "boot a kernel with CONFIG_PROC_PAGE_MONITOR=y");
	else if (strcmp(present_method(pages), "PAGEMAP_SCAN") == 0)
		finding_print(p, WORKS_OK, "pagemap", "with PAGEMAP_SCAN", NULL);
	else
		finding_print(
			p, WORKS_OK, "pagemap",
			"without PAGEMAP_SCAN (Linux 6.7): large processes take a little longer",
			NULL);
	present_close(pages);
}

/* First line of a file of /proc/sys or /sys, "" where there is none. */
static void read_setting(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "re");

	buf[0] = '\0';
	if (!f)
		return;
	if (fgets(buf, (int)cap, f))
		buf[strcspn(buf, "\n")] = '\0';
	fclose(f);
}

/*
 * Settings that take something away, from those who lack the capability beside each, or from
 * everybody.
 */
static void check_settings(const struct page *p)
{
	char value[128], seen[192];
	bool root = geteuid() == 0;

	read_setting("/sys/kernel/security/lockdown", value, sizeof(value));
	if (strstr(value, "[confidentiality]"))
		finding_print(p, WORKS_MISSING, "kernel lockdown",
			      "confidentiality: BPF may not read memory",
			      "boot with lockdown=integrity, or without");
	else
		finding_print(p, WORKS_OK, "kernel lockdown",
			      strstr(value, "[integrity]") ? "integrity" : "none", NULL);

	read_setting("/proc/sys/kernel/perf_event_paranoid", value, sizeof(value));
	snprintf(seen, sizeof(seen), "%s; CAP_PERFMON overrides it", *value ? value : "unknown");
	finding_print(p, root || strtol(value, NULL, 10) < 2 ? WORKS_OK : WORKS_LIMITED,
		      "perf_event_paranoid", seen, NULL);

	read_setting("/proc/sys/kernel/yama/ptrace_scope", value, sizeof(value));
	if (strcmp(value, "3") == 0)
		finding_print(p, WORKS_MISSING, "yama ptrace_scope",
			      "3: nobody may read another process's memory",
			      "boot with kernel.yama.ptrace_scope below 3; it cannot be lowered "
			      "while running");
	snprintf(seen, sizeof(seen), "%s; CAP_SYS_PTRACE overrides it", value);
	if (*value && strcmp(value, "3") != 0)
		finding_print(p, root || *value == '0' ? WORKS_OK : WORKS_LIMITED,
			      "yama ptrace_scope", seen, NULL);

	read_setting("/proc/sys/kernel/kptr_restrict", value, sizeof(value));
	snprintf(seen, sizeof(seen), "%s; pyleak needs no kernel addresses",
		 *value ? value : "unknown");
	finding_print(p, WORKS_OK, "kptr_restrict", seen, NULL);
}

void doctor_kernel(const struct page *p)
{
	struct utsname name;
	char heading[256];

	uname(&name);
	snprintf(heading, sizeof(heading), "this kernel: %.20s %.100s %.40s", name.sysname,
		 name.release, name.machine);
	finding_heading(p, heading);
	check_capabilities(p);
	check_btf(p);
	check_bpf(p);
	check_memory(p);
	doctor_uprobes(p);
	check_settings(p);
}
