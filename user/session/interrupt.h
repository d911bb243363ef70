// SPDX-License-Identifier: Apache-2.0
/*
 * SIGINT and SIGTERM end a look early, with a report.
 */
#ifndef PYLEAK_SESSION_INTERRUPT_H
#define PYLEAK_SESSION_INTERRUPT_H

#include <stdbool.h>

/* From now on signals are noted, and do not end the program; what waits in the kernel wakes up. */
void interrupt_catch(void);
bool interrupt_seen(void);

#endif
