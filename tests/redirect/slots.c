// SPDX-License-Identifier: Apache-2.0
/*
 * usage: slots PID            how many words of its allocator tables are aliases
 *        slots PID COUNT      redirect and restore that often, with short pauses: prints how
 *                             often each was done and refused, and how long it took, as JSON
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/redirect/slots.h"
#include "../../user/target/process.h"
#include "../../user/util/clock.h"

#define PAUSE_NS 100000 /* in which the process goes on */
#define REFUSED_LEAST 10000 /* so many and so many for each: it will never be done */
#define REFUSED_MOST 20

struct toggles {
	unsigned long redirected, restored, words, refused, late, other;
	uint64_t stopped_ns, longest_ns;
};

/* One stop more. */
static void count(struct toggles *t, int rc, uint64_t ns)
{
	t->stopped_ns += ns;
	if (ns > t->longest_ns)
		t->longest_ns = ns;
	t->refused += rc == -EBUSY;
	t->late += rc == -EAGAIN;
	t->other += rc < 0 && rc != -EBUSY && rc != -EAGAIN;
}

static void toggle(struct toggles *t, const struct slots *s, pid_t pid)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t ns = 0;
	int rc = slots_redirect(s, pid, &ns);

	t->redirected += rc == 0;
	count(t, rc, ns);
	do {
		nanosleep(&pause, NULL);
		ns = 0;
		rc = slots_restore(s, pid, &ns);
		count(t, rc, ns);
	} while (rc == -EAGAIN);
	t->restored += rc > 0;
	t->words += rc > 0 ? (unsigned)rc : 0;
	nanosleep(&pause, NULL);
}

static void print(const struct toggles *t)
{
	printf("{\"redirected\": %lu, \"restored\": %lu, \"words\": %lu, \"refused\": %lu, "
	       "\"late\": %lu, \"other\": %lu, \"stopped_us\": %.1f, \"longest_us\": %.1f}\n",
	       t->redirected, t->restored, t->words, t->refused, t->late, t->other,
	       (double)t->stopped_ns / 1e3, (double)t->longest_ns / 1e3);
}

static int find(pid_t pid, struct slots *s, struct err *e)
{
	struct py_points points;
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
	if (!rc && !slots_find(s, &points))
		rc = err_set(e, -ENOENT, EXIT_FAILED, "no aliases");
	process_close(&p);
	return rc;
}

int main(int argc, char **argv)
{
	struct toggles toggles = { 0 };
	struct err e = { 0 };
	struct slots s;
	unsigned long wanted;
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	int rc = find(pid, &s, &e);

	if (rc) {
		fprintf(stderr, "slots: %s\n", e.text);
		return 1;
	}
	if (argc < 3) {
		printf("%d\n", slots_aliased(&s, pid));
		return 0;
	}
	/* Counted are those that were done: where a hook stands in front there is nothing to do. */
	wanted = strtoul(argv[2], NULL, 10);
	while (toggles.redirected < wanted && !toggles.other &&
	       toggles.refused + toggles.late < REFUSED_LEAST + REFUSED_MOST * wanted)
		toggle(&toggles, &s, pid);
	print(&toggles);
	return 0;
}
