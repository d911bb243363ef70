// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/procfs.h"
#include "../util/strbuf.h"
#include "loader_skeleton.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

struct capability {
	unsigned bit; /* in linux/capability.h */
	const char *name;
};

static const struct capability capabilities[] = {
	{ 38, "CAP_PERFMON" },
	{ 39, "CAP_BPF" },
};
#define CAP_SYS_ADMIN_BIT 21

/* Capabilities that this process lacks; CAP_SYS_ADMIN stands for all of them. */
static void missing_capabilities(struct strbuf *out)
{
	char status[4096];
	const char *effective;
	uint64_t have;

	if (procfs_read(getpid(), "status", status, sizeof(status)) < 0)
		return;
	effective = procfs_field(status, "CapEff");
	have = effective ? strtoull(effective, NULL, 16) : 0;
	if (have & (1ULL << CAP_SYS_ADMIN_BIT))
		return;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		if (!(have & (1ULL << capabilities[i].bit)))
			strbuf_addf(out, "%s%s", out->len ? " and " : "", capabilities[i].name);
}

/*
 * The line of a verifier log that says what is wrong: the last but for the statistics, which begin
 * with "processed".
 */
static void verifier_complaint(struct strbuf *out, char *log)
{
	const char *best = "", *line;
	char *rest;

	for (line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "processed ", strlen("processed ")) &&
		    strncmp(line, "-- END", strlen("-- END")))
			best = line;
	strbuf_add(out, best);
}

/* The machine is asked, not its version. */
int loader_explain(int rc, pid_t pid, char *log, struct err *e)
{
	struct strbuf text;
	char array[256];

	strbuf_init(&text, array, sizeof(array));
	missing_capabilities(&text);
	if (text.len)
		return err_set(e, -EPERM, EXIT_NOT_PERMITTED,
			       "cannot load BPF programs to watch process %d: %s missing; run as "
			       "root, or grant them with setcap(8)",
			       (int)pid, array);
	if (access(KERNEL_BTF, R_OK) || rc == -ESRCH) /* libbpf: what is there is no BTF */
		return err_set(e, -EOPNOTSUPP, EXIT_FAILED,
			       "cannot watch process %d: this kernel offers no type information "
			       "(%s); boot one with CONFIG_DEBUG_INFO_BTF=y, as distributions do",
			       (int)pid, KERNEL_BTF);
	if (rc == -ENOSYS || rc == -EOPNOTSUPP)
		return err_set(e, -EOPNOTSUPP, EXIT_FAILED,
			       "cannot watch process %d: this kernel has no BPF, or not the parts "
			       "needed; boot Linux 5.10 or later",
			       (int)pid);
	if (rc == -EPERM)
		return err_set(e, rc, EXIT_NOT_PERMITTED,
			       "the kernel refused BPF programs to watch process %d though "
			       "capabilities suffice; look for a container's seccomp filter, for "
			       "/sys/kernel/security/lockdown, or before Linux 5.11 for ulimit -l",
			       (int)pid);
	verifier_complaint(&text, log);
	return err_set(e, rc, EXIT_FAILED, "cannot load BPF programs to watch process %d: %s%s%s",
		       (int)pid, strerror(-rc), text.len ? "; the verifier says: " : "", array);
}
