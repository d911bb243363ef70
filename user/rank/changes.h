// SPDX-License-Identifier: Apache-2.0
/*
 * Which candidates of two reports are the same leak. Pure.
 *
 * The same: who holds it, without what differs from run to run (numbers in brackets, addresses);
 * the holder's type; the function and file of the line that stores or allocates, where both know
 * one. Line numbers do not count: code above a leak changes them.
 */
#ifndef PYLEAK_RANK_CHANGES_H
#define PYLEAK_RANK_CHANGES_H

#include "../model/changes.h"

/* Growth that differs by less is the same. */
#define CHANGES_SAME_SHARE 0.25

/* Fill *@c, which then borrows both reports. 0 or -ENOMEM; changes_release() after both. */
int changes_find(struct changes *c, const struct report *before, const struct report *after);

#endif
