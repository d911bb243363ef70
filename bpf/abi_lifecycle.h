/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of abi.h, which includes it, that is about processes that come and go.
 */
#ifndef PYLEAK_ABI_LIFECYCLE_H
#define PYLEAK_ABI_LIFECYCLE_H

#define LIFECYCLE_RING (1 << 16)
#define LIFECYCLE_WATCHED 8192

enum lifecycle_what {
	LIFECYCLE_EXEC,	 /* any process became another program */
	LIFECYCLE_CHILD, /* a process that is watched has a child, which is another process */
	LIFECYCLE_ENDED, /* the first thread of a process that is watched ended */
};

/* Process ids are of user space's own pid namespace. */
struct lifecycle_event {
	__u32 what, pid;
};

_Static_assert(sizeof(struct lifecycle_event) == 8, "lifecycle_event");

#endif
