// SPDX-License-Identifier: Apache-2.0
#include "redirect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/inlined.h"
#include "../util/clock.h"
#include "../util/procfs.h"
#include "guardian.h"

#define TRIES_MAX 50 /* for a process that cannot be stopped at once */
#define WAIT_MS 20

#define REPAIR "run pyleak doctor -p %d --repair"

struct redirect {
	struct slots slots;
	struct family family;
	struct guardian guardian;
	struct restored done;
	pid_t pid;
	bool redirected;
};

/* An indirect call that must land on an endbr64: Linux offers that to no process yet (6.18). */
static bool tracks_branches(pid_t pid)
{
	char status[8192];
	const char *features;

	if (procfs_read(pid, "status", status, sizeof(status)) < 0)
		return false;
	features = procfs_field(status, "x86_Thread_features");
	return features && memmem(features, strcspn(features, "\n"), "ibt", 3);
}

static int refuse(struct err *e, pid_t pid, const char *why)
{
	return err_set(e, -EBUSY, EXIT_FAILED,
		       "process %d cannot be redirected, and nothing was written to it: %s",
		       (int)pid, why);
}

static int check(const struct process *p, const struct py_points *points, struct slots *s,
		 struct err *e)
{
	const char *why = points->point[PY_POINT_OBJECT_MALLOC].why;

	for (unsigned i = PY_DOMAIN_MEM; i <= PY_DOMAIN_OBJECT; i++) {
		const struct py_domain_table *t = &points->table[i];

		if (t->redirected)
			return err_set(e, -EBUSY, EXIT_FAILED,
				       "process %d is redirected already: another pyleak looks at "
				       "it, or one was killed together with its guardian; in that "
				       "case " REPAIR,
				       (int)p->pid, (int)p->pid);
		if (t->holds != PY_ALLOCATOR_PYMALLOC)
			return refuse(e, p->pid, *why ? why : "it does not use pymalloc");
	}
	if (!py_is_inlined(points))
		return refuse(e, p->pid,
			      "it need not be: this build inlines no allocator, and --exact alone "
			      "sees all");
	if (!slots_find(s, points))
		return refuse(e, p->pid, "a function of its allocator has no second address");
	if (tracks_branches(p->pid))
		return refuse(e, p->pid, "it has indirect branch tracking switched on");
	return 0;
}

int redirect_open(struct redirect **out, const struct process *p, const struct py_points *points,
		  struct err *e)
{
	struct redirect *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to redirect process %d",
			       (int)p->pid);
	r->pid = p->pid;
	rc = check(p, points, &r->slots, e);
	if (!rc)
		rc = family_since_now(&r->family, p->pid);
	if (!rc)
		rc = guardian_start(&r->guardian, &r->slots, &r->family);
	if (rc) {
		free(r);
		return err_set(e, rc, rc == -ESRCH ? EXIT_TARGET_GONE : EXIT_FAILED,
			       "process %d cannot be redirected: %s", (int)p->pid, strerror(-rc));
	}
	*out = r;
	return 0;
}

static int explain(struct err *e, pid_t pid, int rc)
{
	switch (rc) {
	case -EBUSY:
		return refuse(e, pid,
			      "a debugger holds it, or its allocator tables changed just now");
	case -EAGAIN:
		return refuse(e, pid, "one of its threads could not be stopped");
	case -EPERM:
		return err_set(e, rc, EXIT_NOT_PERMITTED,
			       "process %d may not be stopped: CAP_SYS_PTRACE is missing, or "
			       "kernel.yama.ptrace_scope forbids it",
			       (int)pid);
	case -ESRCH:
		return err_set(e, rc, EXIT_TARGET_GONE, "process %d ended", (int)pid);
	}
	return err_set(e, rc, EXIT_FAILED, "process %d cannot be redirected: %s", (int)pid,
		       strerror(-rc));
}

int redirect_begin(struct redirect *r, struct err *e)
{
	int rc = guardian_tell(&r->guardian, true);

	if (rc)
		return err_set(e, rc, EXIT_FAILED,
			       "process %d was not redirected: the guardian that would restore it "
			       "is gone",
			       (int)r->pid);
	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		rc = slots_redirect(&r->slots, r->pid, &r->done.stopped_ns);
		if (rc != -EAGAIN)
			break;
		clock_sleep_ms(WAIT_MS);
	}
	r->redirected = rc == 0;
	if (!rc)
		return 0;
	guardian_tell(&r->guardian, false);
	return explain(e, r->pid, rc);
}

int redirect_end(struct redirect *r, struct err *e)
{
	int rc;

	if (!r->redirected)
		return 0;
	rc = restore_family(&r->slots, &r->family, &r->done);
	if (rc && rc != -ESRCH)
		return err_set(e, rc, EXIT_FAILED,
			       "process %d could not be restored (%s); it runs the same code as "
			       "before, a little slower; " REPAIR,
			       (int)r->pid, strerror(-rc), (int)r->pid);
	r->redirected = false;
	guardian_tell(&r->guardian, false);
	return 0;
}

void redirect_close(struct redirect *r)
{
	if (!r)
		return;
	redirect_end(r, NULL);
	guardian_end(&r->guardian);
	free(r);
}

const struct restored *redirect_done(const struct redirect *r)
{
	return &r->done;
}

int redirect_repair(const struct process *p, const struct py_points *points, struct restored *out,
		    struct err *e)
{
	struct slots s;
	int rc;

	*out = (struct restored){ 0 };
	if (!slots_find(&s, points))
		return refuse(e, p->pid, "a function of its allocator has no second address");
	rc = slots_aliased(&s, p->pid);
	if (rc > 0)
		rc = restore_process(&s, p->pid, out);
	return rc ? explain(e, p->pid, rc) : 0;
}
