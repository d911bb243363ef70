// SPDX-License-Identifier: Apache-2.0
#include "slots.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "../target/memory.h"
#include "stop.h"

#define CHAIN_MAX 4 /* hooks in front of one another; points_live.c */

struct table {
	uint64_t context, function[SLOTS_FUNCTIONS];
};

bool slots_find(struct slots *s, const struct py_points *points)
{
	*s = (struct slots){ .table = { points->table[PY_DOMAIN_MEM].address,
					points->table[PY_DOMAIN_OBJECT].address } };
	for (unsigned i = 0; i < SLOTS_FUNCTIONS; i++) {
		const struct py_point_found *point = &points->point[PY_POINT_OBJECT_MALLOC + i];

		if (point->sites != 1 || !point->site[0].alias)
			return false;
		s->entry[i] = point->site[0].address;
		s->alias[i] = point->site[0].alias;
	}
	return s->table[0] && s->table[1];
}

/* Never into memory that the process itself could not write. */
static int write_words(pid_t pid, uint64_t address, const uint64_t *word, size_t count)
{
	struct iovec local = { .iov_base = (void *)word, .iov_len = count * sizeof(*word) };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = local.iov_len };
	ssize_t n = process_vm_writev(pid, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == local.iov_len ? 0 : -EFAULT;
}

static int read_table(struct remote *mem, uint64_t address, struct table *t)
{
	return remote_read(mem, address, t, sizeof(*t));
}

static int redirect_stopped(const struct slots *s, struct remote *mem)
{
	int rc = 0;

	for (unsigned i = 0; i < SLOTS_TABLES; i++) {
		struct table t;

		rc = read_table(mem, s->table[i], &t);
		if (rc)
			return rc;
		if (t.context || memcmp(t.function, s->entry, sizeof(s->entry)))
			return -EBUSY;
	}
	for (unsigned i = 0; i < SLOTS_TABLES && !rc; i++)
		rc = write_words(mem->pid, s->table[i] + 8, s->alias, SLOTS_FUNCTIONS);
	for (unsigned i = 0; rc && i < SLOTS_TABLES; i++)
		write_words(mem->pid, s->table[i] + 8, s->entry, SLOTS_FUNCTIONS);
	return rc;
}

int slots_redirect(const struct slots *s, pid_t pid, uint64_t *stopped_ns)
{
	struct remote mem;
	struct stop stop;
	int rc = stop_all(&stop, pid, stopped_ns);

	if (rc)
		return rc;
	remote_init(&mem, pid);
	rc = redirect_stopped(s, &mem);
	stop_release(&stop, stopped_ns);
	return rc;
}

/* Is every function of the table one of ours? Of a hook's copy nothing else says that it is one. */
static bool is_ours(const struct slots *s, const struct table *t)
{
	for (unsigned i = 0; i < SLOTS_FUNCTIONS; i++)
		if (t->function[i] != s->entry[i] && t->function[i] != s->alias[i])
			return false;
	return true;
}

/* Aliases in the table at @address, which holds @t; with @restore they are written back. */
static int visit_table(const struct slots *s, pid_t pid, uint64_t address, const struct table *t,
		       bool restore)
{
	int aliases = 0;

	for (unsigned i = 0; i < SLOTS_FUNCTIONS; i++) {
		int rc = 0;

		if (t->function[i] != s->alias[i])
			continue;
		if (restore)
			rc = write_words(pid, address + 8 + 8 * i, &s->entry[i], 1);
		if (rc)
			return rc;
		aliases++;
	}
	return aliases;
}

/* The table, and behind a hook's context the one that was there before. */
static int visit_chain(const struct slots *s, struct remote *mem, uint64_t address, bool restore)
{
	int aliases = 0;

	for (unsigned depth = 0; depth < CHAIN_MAX && remote_plausible(address); depth++) {
		struct table t;
		int rc = read_table(mem, address, &t);

		if (rc)
			return depth ? aliases : rc;
		if (!depth || is_ours(s, &t)) {
			rc = visit_table(s, mem->pid, address, &t, restore);
			if (rc < 0)
				return rc;
			aliases += rc;
		}
		address = t.context;
	}
	return aliases;
}

static int visit_all(const struct slots *s, struct remote *mem, bool restore)
{
	int aliases = 0;

	for (unsigned i = 0; i < SLOTS_TABLES; i++) {
		int rc = visit_chain(s, mem, s->table[i], restore);

		if (rc < 0)
			return rc;
		aliases += rc;
	}
	return aliases;
}

int slots_restore(const struct slots *s, pid_t pid, uint64_t *stopped_ns)
{
	struct remote mem;
	struct stop stop;
	int rc = stop_all(&stop, pid, stopped_ns);

	if (rc)
		return rc;
	remote_init(&mem, pid);
	rc = visit_all(s, &mem, true);
	stop_release(&stop, stopped_ns);
	return rc;
}

int slots_aliased(const struct slots *s, pid_t pid)
{
	struct remote mem;

	remote_init(&mem, pid);
	return visit_all(s, &mem, false);
}
