// SPDX-License-Identifier: Apache-2.0
/*
 * What pyleak top draws: the state of the rounds, and which row is chosen.
 */
#ifndef PYLEAK_TUI_SCREEN_H
#define PYLEAK_TUI_SCREEN_H

#include "../output/format.h"
#include "rounds.h"

struct screen {
	struct format_options how; /* of the details: no color, the locale's letters */
	unsigned chosen;	   /* row */
	unsigned scrolled;	   /* lines of the details that are above their window */
	bool color;
};

/* Take the terminal; screen_close() gives it back. -ENODEV where standard output is none. */
int screen_open(struct screen *s, const struct format_options *how);
void screen_close(struct screen *s);

/* Draw all of it; @r is locked by the caller. */
void screen_draw(struct screen *s, const struct rounds *r);

enum screen_key { SCREEN_NOTHING, SCREEN_QUIT };

/* Wait a moment for a key, and do what it asks for with @rows rows. */
enum screen_key screen_key(struct screen *s, unsigned rows);

#endif
