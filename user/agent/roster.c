// SPDX-License-Identifier: Apache-2.0
#include "roster.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cpython/images.h"
#include "../model/report.h"
#include "../probe/lifecycle.h"
#include "../session/ps.h"
#include "../target/limit.h"
#include "../util/clock.h"
#include "../util/grow.h"
#include "../util/procfs.h"
#include "../util/siphash.h"

#define OPEN_MAX_KEPT 2048		   /* descriptors; who comes later is opened each time */
#define ASK_AGAIN_NS (600 * 1000000000ull) /* of one that was no Python: it may load one */
#define YOUNG_NS (60 * 1000000000ull)	   /* it may be about to exec */
#define SCAN_MOST_NS (200 * 1000000ull)	   /* whoever scrapes waits meanwhile */
#define FORGET_FILES_SCANS 256
#define DESCRIPTOR_BYTES (GROWTH_LEAST_BYTES / 6) /* six more in a window are worth a look */

/* A process that is no Python. Its name tells most calls of exec. */
struct other {
	int pid;
	uint64_t start_ticks, comm;
	uint64_t first_ns, asked_ns;
};

static const uint64_t hash_key[2] = { 0x726f73746572ull, 0x67726f7570ull };

int roster_open(struct roster *r)
{
	*r = (struct roster){ 0 };
	r->images = py_images_new();
	return r->images ? 0 : -ENOMEM;
}

static void release(struct roster *r, struct watched *w)
{
	lifecycle_forget(r->lifecycle, w->row.pid);
	if (w->statm >= 0)
		close(w->statm);
	free(w);
}

void roster_close(struct roster *r)
{
	for (size_t i = 0; i < r->count; i++)
		release(r, r->watched[i]);
	for (size_t i = 0; i < r->groups; i++)
		free(r->group[i]);
	free(r->watched);
	free(r->group);
	free(r->other);
	py_images_free(r->images);
	*r = (struct roster){ 0 };
}

struct watched *roster_find(const struct roster *r, int pid)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->watched[i]->row.pid == pid)
			return r->watched[i];
	return NULL;
}

/* Processes of one service, release and build, in one pod or container or outside of any: workers
 * forked from one parent are. Replicas of a pod are groups of their own. */
static uint64_t group_key(const struct process_row *row)
{
	const char *const parts[] = { row->service, row->release, row->build_id,
				      row->pod_uid[0] ? row->pod_uid : row->container };
	uint64_t hashes[4];

	for (size_t i = 0; i < 4; i++)
		hashes[i] = siphash(hash_key, parts[i], strlen(parts[i]));
	return siphash(hash_key, hashes, sizeof(hashes));
}

static struct turn_group *group_of(struct roster *r, const struct process_row *row)
{
	uint64_t key = group_key(row);
	struct turn_group *g;

	for (size_t i = 0; i < r->groups; i++)
		if (r->group[i]->key == key)
			return r->group[i];
	if (grow(&r->group, &r->group_cap, r->groups + 1, sizeof(struct turn_group *)))
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g) {
		g->key = key;
		r->group[r->groups++] = g;
	}
	return g;
}

/* Groups of which nobody is left. */
static void forget_groups(struct roster *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->groups; i++) {
		bool used = r->group[i]->looking;

		for (size_t k = 0; k < r->count && !used; k++)
			used = r->watched[k]->turn.group == r->group[i];
		if (used)
			r->group[kept++] = r->group[i];
		else
			free(r->group[i]);
	}
	r->groups = kept;
}

static int watch(struct roster *r, const struct process_row *row)
{
	struct watched *w;
	char path[48];

	if (r->count == ROSTER_MAX) {
		r->refused++;
		return 0;
	}
	if (grow(&r->watched, &r->cap, r->count + 1, sizeof(struct watched *)))
		return -ENOMEM;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->row = *row;
	w->limit_used = w->limit_bytes = UNKNOWN;
	w->turn.group = group_of(r, row);
	if (!w->turn.group) {
		free(w);
		return -ENOMEM;
	}
	snprintf(path, sizeof(path), "/proc/%d/statm", row->pid);
	w->statm = r->count < OPEN_MAX_KEPT ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	r->watched[r->count++] = w;
	lifecycle_watch(r->lifecycle, row->pid);
	r->born++;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	return ((const struct other *)a)->pid - ((const struct other *)b)->pid;
}

/* Was it asked before, and need not be asked again? Fills @o for the list of this scan. */
static bool is_other(const struct roster *r, int pid, struct other *o)
{
	struct procfs_stat st;
	const struct other *known;
	uint64_t now = clock_ns();
	char text[1024];

	*o = (struct other){ .pid = pid, .first_ns = now, .asked_ns = now };
	if (procfs_read(pid, "stat", text, sizeof(text)) <= 0 || !procfs_stat_parse(text, &st))
		return true;
	o->start_ticks = st.start_ticks;
	o->comm = siphash(hash_key, st.comm, strlen(st.comm));
	known = r->others ? bsearch(o, r->other, r->others, sizeof(*o), by_pid) : NULL;
	if (!known || known->start_ticks != o->start_ticks || known->comm != o->comm)
		return false;
	o->first_ns = known->first_ns;
	if (now - known->first_ns < YOUNG_NS || now - known->asked_ns > ASK_AGAIN_NS)
		return false;
	o->asked_ns = known->asked_ns;
	return true;
}

struct scan {
	struct roster *roster;
	struct other *other;
	size_t count, cap;
	uint64_t until_ns;
	bool cut;
};

static int meet(struct scan *s, int pid)
{
	struct process_row row;
	struct other o;
	int err;

	if (pid == getpid() || roster_find(s->roster, pid))
		return 0;
	if (!is_other(s->roster, pid, &o)) {
		if (clock_ns() > s->until_ns) {
			s->cut = true;
			return 0;
		}
		err = ps_look(&row, pid, s->roster->images);
		if (err == 0 && row.visible != VISIBLE_NO)
			return watch(s->roster, &row);
		if (err == -ENOMEM)
			return err;
	}
	if (s->count == ROSTER_OTHERS)
		return 0;
	err = grow(&s->other, &s->cap, s->count + 1, sizeof(o));
	if (!err)
		s->other[s->count++] = o;
	return err;
}

int roster_scan(struct roster *r)
{
	struct scan s = { .roster = r, .until_ns = clock_ns() + SCAN_MOST_NS };
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	static unsigned scans;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = meet(&s, (int)strtol(entry->d_name, NULL, 10));
	closedir(dir);
	if (s.count)
		qsort(s.other, s.count, sizeof(*s.other), by_pid);
	free(r->other);
	r->other = s.other;
	r->others = s.count;
	r->other_cap = s.cap;
	forget_groups(r);
	if (++scans % FORGET_FILES_SCANS == 0)
		py_images_forget(r->images);
	return err ? err : s.cut;
}

/* Resident pages that no file is behind: "size resident shared text lib data dt". */
static int64_t read_anonymous(const struct watched *w)
{
	char text[128];
	unsigned long long resident, shared;
	ssize_t n;

	if (w->statm >= 0) {
		n = pread(w->statm, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
	} else {
		n = procfs_read(w->row.pid, "statm", text, sizeof(text));
	}
	if (n <= 0 || sscanf(text, "%*u %llu %llu", &resident, &shared) != 2 || !resident)
		return UNKNOWN;
	return (int64_t)(resident - shared) * sysconf(_SC_PAGESIZE);
}

/* 0 where this kernel does not tell: then it is always the same, and grows never. */
static int64_t read_descriptors(const struct watched *w)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd", w->row.pid);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void measure(struct watched *w, double interval)
{
	const struct process p = { .pid = w->row.pid, .pidfd = -1 };
	struct limit limit = { .bytes = UNKNOWN, .used = UNKNOWN };

	growth_add(&w->growth, w->anonymous_bytes, interval);
	w->turn.rate = growth_rate(&w->growth, interval);
	growth_add(&w->descriptors, read_descriptors(w) * DESCRIPTOR_BYTES, interval);
	w->turn.descriptors = growth_rate(&w->descriptors, interval) > 0;
	if (w->turn.rate > 0)
		limit_read(&limit, &p);
	w->limit_used = limit.used;
	w->limit_bytes = limit.bytes;
}

void roster_measure(struct roster *r, double interval)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++) {
		struct watched *w = r->watched[i];

		w->anonymous_bytes = read_anonymous(w);
		if (w->anonymous_bytes == UNKNOWN) {
			release(r, w);
			r->ended++;
			continue;
		}
		measure(w, interval);
		r->watched[kept++] = w;
	}
	r->count = kept;
}

bool roster_ask(struct roster *r, int pid)
{
	struct process_row row;
	int err;

	if (pid == getpid() || roster_find(r, pid))
		return true;
	err = ps_look(&row, pid, r->images);
	if (err)
		return err == -ESRCH;
	return row.visible != VISIBLE_NO && !watch(r, &row);
}

bool roster_drop(struct roster *r, int pid)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->watched[i]->row.pid != pid)
			continue;
		release(r, r->watched[i]);
		r->ended++;
		r->watched[i] = r->watched[--r->count];
		return true;
	}
	return false;
}

bool roster_check(struct roster *r, int pid)
{
	const struct watched *w = roster_find(r, pid);

	return w && read_anonymous(w) == UNKNOWN && roster_drop(r, pid);
}

struct watched *roster_next(const struct roster *r, uint64_t now_ns)
{
	struct watched *best = NULL;

	for (size_t i = 0; i < r->count; i++) {
		struct watched *w = r->watched[i];

		if (turn_is_due(&w->turn, now_ns) &&
		    turn_before(&w->turn, best ? &best->turn : NULL))
			best = w;
	}
	return best;
}

unsigned roster_growing(const struct roster *r, const struct turn_group *g, double *rate)
{
	unsigned count = 0;

	*rate = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct turn *t = &r->watched[i]->turn;

		if (t->group != g || !turn_grows(t))
			continue;
		*rate += t->rate;
		count++;
	}
	return count;
}
