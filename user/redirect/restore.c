// SPDX-License-Identifier: Apache-2.0
#include "restore.h"

#include <errno.h>

#include "../util/clock.h"

#define TRIES_MAX 60
#define WAIT_MS 20   /* between them */
#define SETTLE_MS 2  /* a thread that was inside of PyMem_SetAllocator() has left it */

int restore_process(const struct slots *s, pid_t pid, struct restored *out)
{
	int rc = -EAGAIN;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		rc = slots_restore(s, pid, &out->stopped_ns);
		if (rc < 0 && rc != -EAGAIN && rc != -EBUSY)
			return rc;
		if (rc < 0) {
			clock_sleep_ms(WAIT_MS);
			continue;
		}
		out->words += (unsigned)rc;
		clock_sleep_ms(SETTLE_MS);
		rc = slots_aliased(s, pid);
		if (rc <= 0)
			return rc;
		rc = -EAGAIN;
	}
	return rc;
}

int restore_family(const struct slots *s, const struct family *f, struct restored *out)
{
	int rc = family_parent_lives(f);

	if (!rc)
		rc = restore_process(s, f->parent, out);
	out->children += family_restore(f, s, &out->stopped_ns, &out->children_left);
	return rc;
}
