// SPDX-License-Identifier: Apache-2.0
#include "confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* The last one for uprobes alone. */
static const unsigned needed[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE,
				   CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN };

static const int forbidden[] = {
	SCMP_SYS(ptrace),	   SCMP_SYS(process_vm_writev),
	SCMP_SYS(execve),	   SCMP_SYS(execveat),
	SCMP_SYS(mount),	   SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),	   SCMP_SYS(chroot),
	SCMP_SYS(setns),	   SCMP_SYS(unshare),
	SCMP_SYS(init_module),	   SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),   SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
	SCMP_SYS(swapon),	   SCMP_SYS(swapoff),
	SCMP_SYS(sethostname),	   SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),   SCMP_SYS(process_madvise),
	SCMP_SYS(move_pages),	   SCMP_SYS(migrate_pages),
	SCMP_SYS(add_key),	   SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
};

static int drop_capabilities(struct log *log, bool uprobes, struct err *e)
{
	const size_t count = sizeof(needed) / sizeof(needed[0]) - !uprobes;
	unsigned kept = 0;
	char *names;

	if (capng_get_caps_process() != 0)
		return err_set(e, -EPERM, EXIT_FAILED, "cannot read its own capabilities");
	for (size_t i = 0; i < count; i++)
		if (capng_have_capability(CAPNG_PERMITTED, needed[i]))
			kept |= 1u << i;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < count; i++)
		if (kept & 1u << i)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, needed[i]);
	/*
	 * Bounds, all of them, first: that takes CAP_SETPCAP, which goes with the second step. They
	 * are what a program that is executed could get.
	 */
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		log_detail(log, "the bounding set stays as it is: CAP_SETPCAP is missing");
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return err_set(e, -EPERM, EXIT_FAILED, "cannot drop capabilities");
	names = capng_print_caps_text(CAPNG_PRINT_BUFFER, CAPNG_EFFECTIVE);
	log_detail(log, "capabilities kept: %s", names ? names : "?");
	free(names);
	return 0;
}

static int forbid_calls(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (!err)
		err = seccomp_load(filter); /* sets no_new_privs */
	if (filter)
		seccomp_release(filter);
	return err ? err_set(e, err, EXIT_FAILED, "cannot set the seccomp filter: %s",
			     strerror(-err))
		   : 0;
}

int confine(struct log *log, bool uprobes, struct err *e)
{
	int err = drop_capabilities(log, uprobes, e);

	if (!err)
		err = forbid_calls(e);
	/* Dropping makes the process undumpable, and its own /proc/self then belongs to root. */
	if (!err)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return err;
}
