// SPDX-License-Identifier: Apache-2.0
#include "top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../session/interrupt.h"
#include "screen.h"

/* Draw and take keys until the end. */
static void show(struct screen *s, struct rounds *r)
{
	bool ended = false;
	unsigned rows;

	do {
		pthread_mutex_lock(&r->lock);
		screen_draw(s, r);
		rows = r->rows;
		/* An error is for main() to print, the last report stays until a key. */
		ended = r->ended && (!r->done || interrupt_seen());
		pthread_mutex_unlock(&r->lock);
	} while (!ended && screen_key(s, rows) != SCREEN_QUIT && !interrupt_seen());
}

int top_run(pid_t pid, const struct options *o, const struct format_options *how, struct err *e)
{
	struct rounds *r = calloc(1, sizeof(*r));
	struct screen screen;
	int rc;

	if (!r)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to look at pid %d", (int)pid);
	rc = screen_open(&screen, how);
	if (rc)
		err_set(e, rc, EXIT_USAGE,
			"top draws on a terminal, and standard output is none; use pyleak -p %d",
			(int)pid);
	else
		rc = rounds_start(r, pid, o, e);
	if (!rc) {
		show(&screen, r);
		rounds_stop(r);
		screen_close(&screen);
		if (!r->done && r->error.text[0]) {
			rc = -ESRCH;
			*e = r->error;
		}
	}
	free(r);
	return rc;
}
