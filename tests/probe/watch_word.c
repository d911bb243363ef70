// SPDX-License-Identifier: Apache-2.0
/*
 * usage: watch_word PID ADDRESS SECONDS MAX_HITS EVENTS [all|new]
 *
 * Watches one word of a Python process through the product's own modules, until SECONDS are over or
 *there were EVENTS of them, and prints for each
 *
 *	write TID DEPTH TRUNCATED FUNCTION:LINE < FUNCTION:LINE < ...		(the innermost five)
 *
 * then a line of statistics. With `all`, also writes that do not increase the word;
 * with `new`, of threads that start later at once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../user/cpython/code.h"
#include "../../user/cpython/runtime.h"
#include "../../user/probe/watch.h"

#define SHOWN_FRAMES 5

struct printer {
	struct py_runtime runtime;
	struct remote memory;
	unsigned events;
};

static void print_frame(struct printer *p, const struct py_frame_ref *ref)
{
	const struct py_layout *l = &p->runtime.layout;
	struct py_code code;
	int rc = py_code_read(l, &p->memory, ref->code, &code);

	if (rc)
		printf("?(%s)", strerror(-rc));
	else
		printf("%s:%d", code.function, py_code_line(l, &p->memory, ref->code, ref->instr));
}

static void print_event(void *arg, const struct watch_event *event)
{
	struct printer *p = arg;

	p->events++;
	printf("write %u %u %u ", event->tid, event->depth, event->truncated);
	for (unsigned i = 0; i < event->depth && i < SHOWN_FRAMES; i++) {
		printf("%s", i ? " < " : "");
		print_frame(p, &event->frame[i]);
	}
	printf("\n");
	fflush(stdout);
}

static void print_stats(struct watch *w)
{
	struct watch_stats s;

	watch_stats(w, &s);
	printf("stats hits %llu bpf_ns %llu watched %u missed %u dropped",
	       (unsigned long long)s.hits, (unsigned long long)s.bpf_ns, s.threads_watched,
	       s.threads_missed);
	for (unsigned reason = 0; reason < DROP_REASONS; reason++)
		printf(" %llu", (unsigned long long)s.dropped[reason]);
	printf("\n");
}

static unsigned how_of(const char *mode)
{
	if (mode && strcmp(mode, "all") == 0)
		return 0;
	return WATCH_INCREASE | (mode ? WATCH_NEW_THREADS : 0);
}

static int watch_word(const struct process *process, char **argv, struct err *e)
{
	uint64_t address = strtoull(argv[2], NULL, 0);
	time_t end = time(NULL) + atoi(argv[3]);
	unsigned events = atoi(argv[5]);
	struct printer printer = { 0 };
	struct py_unwind unwind;
	struct watch *watch;
	int rc;

	remote_init(&printer.memory, process->pid);
	rc = py_runtime_open(&printer.runtime, process, &printer.memory, e);
	if (rc)
		return rc;
	py_runtime_unwind(&printer.runtime, &unwind);
	rc = watch_open(&watch, process, &unwind, e);
	if (rc)
		return rc;
	rc = watch_arm(watch, 0, address, how_of(argv[6]), atoi(argv[4]));
	if (rc)
		err_set(e, rc, EXIT_FAILED, "cannot watch: %s", strerror(-rc));
	while (rc >= 0 && printer.events < events && time(NULL) < end && process_alive(process))
		rc = watch_poll(watch, 100, print_event, &printer);
	print_stats(watch);
	watch_close(watch);
	return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct process process;
	int rc;

	if (argc < 6) {
		fprintf(stderr,
			"usage: watch_word PID ADDRESS SECONDS MAX_HITS EVENTS [all|new]\n");
		return EXIT_USAGE;
	}
	rc = process_open(&process, atoi(argv[1]), &e);
	if (rc == 0) {
		rc = watch_word(&process, argv, &e);
		process_close(&process);
	}
	if (rc)
		fprintf(stderr, "watch_word: %s\n", e.text);
	return e.exit;
}
