// SPDX-License-Identifier: Apache-2.0
/*
 * usage: naive PID IMAGE
 *
 * Puts naive.bpf.c's programs on PyObject_Malloc and PyObject_Free of IMAGE in that process, until
 * standard input ends.
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "naive.skel.h"

static struct bpf_link *attach(struct bpf_program *program, pid_t pid, const char *image,
			       const char *function, bool retprobe)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function, .retprobe = retprobe);

	return bpf_program__attach_uprobe_opts(program, pid, image, 0, &options);
}

int main(int argc, char **argv)
{
	struct naive *naive = naive__open_and_load();
	pid_t pid = argc == 3 ? atoi(argv[1]) : 0;
	char byte;

	if (!naive || !pid)
		return 2;
	naive->links.malloc_return = attach(naive->progs.malloc_return, pid, argv[2],
					    "PyObject_Malloc", true);
	naive->links.malloc_enter = attach(naive->progs.malloc_enter, pid, argv[2],
					   "PyObject_Malloc", false);
	naive->links.free_enter = attach(naive->progs.free_enter, pid, argv[2], "PyObject_Free",
					 false);
	if (!naive->links.malloc_return || !naive->links.malloc_enter || !naive->links.free_enter)
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	naive__destroy(naive);
	return 0;
}
