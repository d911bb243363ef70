// SPDX-License-Identifier: Apache-2.0
/*
 * usage: outstanding PID SOURCES WAY LIVE_MAX
 *
 * Accounts for the process with the sources named by letter (p pymalloc, l libc, o pools, i
 * inlined; r: redirected meanwhile; n: small blocks are predicted), attached in a way of the
 * kernel's (best, or 0, 1, 2 of enum attach_way). Prints "attached WAY", then for every line on
 * standard input the state, until that line is "quit":
 *
 *	site SOURCE OBJECTS BYTES ALLOCATED FREED FUNCTION:LINE < FUNCTION:LINE ...
 *	total OBJECTS BYTES
 *	shift SHIFT live ENTRIES stopped 0|1 hits HITS dropped COUNT ...
 *	end
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../user/heap/heap.h"
#include "../../user/redirect/redirect.h"
#include "../../user/sample/drain.h"

#define SHOWN_FRAMES 4

struct outstanding {
	struct process process;
	struct remote mem;
	struct py_runtime rt;
	struct py_points points;
	struct account *account;
	struct redirect *redirect; /* NULL: not asked for */
	struct pyframes *frames;
	struct drain *drain;
};

static int predict(struct outstanding *o)
{
	struct heap heap;
	int rc = heap_open(&heap, &o->rt, &o->mem);

	if (!rc)
		rc = heap_walk(&heap, 0);
	if (!rc)
		account_predict(o->account, heap_usedpools(&heap));
	heap_close(&heap);
	return rc;
}

static int open_all(struct outstanding *o, pid_t pid, const char *sources,
		    const struct account_options *options, struct err *e)
{
	static const char letters[] = "ploi";
	int rc = process_open(&o->process, pid, e);

	remote_init(&o->mem, pid);
	if (!rc)
		rc = py_runtime_open(&o->rt, &o->process, &o->mem, e);
	if (!rc)
		rc = py_points_find(&o->points, &o->rt, &o->process, &o->mem, e);
	if (!rc && strchr(sources, 'r'))
		rc = redirect_open(&o->redirect, &o->process, &o->points, e);
	if (!rc)
		rc = account_open(&o->account, &o->process, &o->rt, &o->points, options, e);
	if (rc)
		return rc;
	o->frames = pyframes_new(&o->rt.layout, &o->mem);
	rc = drain_open(&o->drain, o->account, o->frames);
	for (unsigned i = 0; !rc && letters[i]; i++)
		if (strchr(sources, letters[i]))
			rc = account_attach(o->account, i, e);
	if (!rc && o->redirect)
		rc = redirect_begin(o->redirect, e);
	return !rc && strchr(sources, 'n') ? predict(o) : rc;
}

static void count_live(void *arg, uint64_t address, const struct live_block *block)
{
	(void)address;
	(void)block;
	++*(uint64_t *)arg;
}

static void print_site(const struct alloc_sites *all, const struct alloc_site *site)
{
	printf("site %u %lld %lld %lld %lld", site->source, (long long)site->inuse_objects,
	       (long long)site->inuse_bytes, (long long)site->alloc_objects,
	       (long long)site->freed_objects);
	for (uint32_t i = 0; i < site->depth && i < SHOWN_FRAMES; i++) {
		const struct frame *frame = &all->frame[site->at[i]];

		printf("%s%s:%d", i ? " < " : " ", frame->function, frame->line);
	}
	printf("%s\n", site->depth ? "" : " -");
}

static int report(struct outstanding *o)
{
	const struct alloc_sites *all;
	struct account_stats stats;
	long long objects = 0, bytes = 0;
	uint64_t live = 0;
	int rc = drain_totals(o->drain, &all);

	if (rc)
		return rc;
	for (size_t i = 0; i < all->count; i++) {
		print_site(all, &all->site[i]);
		objects += all->site[i].inuse_objects;
		bytes += all->site[i].inuse_bytes;
	}
	drain_live(o->drain, count_live, &live);
	account_stats(o->account, &stats);
	printf("total %lld %lld\nshift %u live %llu stopped %d", objects, bytes,
	       account_shift(o->account), (unsigned long long)live, account_stopped(o->account));
	printf(" hits %llu dropped", (unsigned long long)stats.hits);
	for (int i = 0; i < DROP_REASONS; i++)
		printf(" %llu", (unsigned long long)stats.dropped[i]);
	printf("\nend\n");
	fflush(stdout);
	return 0;
}

static int serve(struct outstanding *o)
{
	char line[64];
	int rc = 0;

	printf("attached %s\n", attach_name(account_way(o->account)));
	fflush(stdout);
	for (;;) {
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

		if (poll(&in, 1, DRAIN_INTERVAL_MS) == 0) {
			rc = drain_stacks(o->drain);
			if (rc >= 0)
				rc = drain_thin(o->drain);
		} else if (!fgets(line, sizeof(line), stdin) || strcmp(line, "quit\n") == 0) {
			return 0;
		} else {
			rc = report(o);
		}
		if (rc)
			return rc;
	}
}

int main(int argc, char **argv)
{
	struct outstanding *o = calloc(1, sizeof(*o));
	struct account_options options = { .sites_max = ACCOUNT_SITES_DEFAULT };
	struct err e = { 0 };
	int rc;

	if (argc < 5 || !o)
		return EXIT_USAGE;
	options.redirected = strchr(argv[2], 'r');
	options.way = strcmp(argv[3], "best") ? (enum attach_way)atoi(argv[3]) : attach_best();
	options.live_max = (uint32_t)atoi(argv[4]);
	setvbuf(stdin, NULL, _IONBF, 0);
	rc = open_all(o, atoi(argv[1]), argv[2], &options, &e);
	if (!rc)
		rc = serve(o);
	if (rc)
		fprintf(stderr, "outstanding: %s\n", e.text[0] ? e.text : strerror(-rc));
	redirect_close(o->redirect);
	drain_close(o->drain);
	pyframes_free(o->frames);
	account_close(o->account);
	process_close(&o->process);
	free(o);
	return rc ? 1 : 0;
}
