// SPDX-License-Identifier: Apache-2.0
/*
 * The open descriptors of a process and what they are, from /proc/PID/fd alone.
 */
#ifndef PYLEAK_RESOURCES_DESCRIPTORS_H
#define PYLEAK_RESOURCES_DESCRIPTORS_H

#include <sys/types.h>

#include "../model/descriptors.h"

#define DESCRIPTORS_MAX (1u << 16) /* told apart; more are only counted */

/* 0; -ESRCH where the process is gone, -EACCES, -ENOMEM. Release with descriptors_release(). */
int descriptors_read(struct descriptors *d, pid_t pid);

/*
 * How many there are, without looking at them: the size of the directory, which Linux tells since
 * 6.2, else by counting. Or -errno.
 */
int64_t descriptors_count(pid_t pid);

#endif
