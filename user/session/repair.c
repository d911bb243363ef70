// SPDX-License-Identifier: Apache-2.0
#include "repair.h"

#include "../redirect/redirect.h"

static void print_done(FILE *out, pid_t pid, const struct restored *done)
{
	if (done->words)
		fprintf(out,
			"process %d was redirected: %u words of its allocator tables put back, "
			"while it was stopped for %llu us\n",
			(int)pid, done->words, (unsigned long long)done->stopped_ns / 1000);
	else
		fprintf(out, "process %d is not redirected: nothing was written\n", (int)pid);
}

int repair_run(FILE *out, pid_t pid, struct err *e)
{
	struct py_points points;
	struct restored done;
	struct py_runtime rt;
	struct remote mem;
	struct process p;
	int rc = process_open(&p, pid, e);

	if (rc)
		return rc;
	remote_init(&mem, pid);
	rc = py_runtime_open(&rt, &p, &mem, e);
	if (!rc)
		rc = py_points_find(&points, &rt, &p, &mem, e);
	if (!rc)
		rc = redirect_repair(&p, &points, &done, e);
	process_close(&p);
	if (!rc)
		print_done(out, pid, &done);
	return rc;
}
