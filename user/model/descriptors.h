// SPDX-License-Identifier: Apache-2.0
/*
 * The open descriptors of a process. Filled by resources/.
 */
#ifndef PYLEAK_MODEL_DESCRIPTORS_H
#define PYLEAK_MODEL_DESCRIPTORS_H

#include "resources.h"

/* One end of an internet socket; family 0: none, or not known. */
struct socket_end {
	int family; /* AF_INET, AF_INET6 */
	uint16_t port;
	uint8_t address[16]; /* in network order; 4 bytes of AF_INET */
};

struct descriptor {
	int fd;
	enum resource_kind kind;
	uint64_t inode;			 /* of a socket or pipe; 0 otherwise */
	struct socket_end local, remote; /* of a socket */
	char what[128];			 /* path, "pipe:[123]", "tcp to 10.0.0.5:5432", ... */
};

struct descriptors {
	struct descriptor *descriptor; /* owned, ordered by fd */
	size_t count, cap;
	size_t beyond; /* there were so many more than could be told apart */
};

void descriptors_release(struct descriptors *d);

/* By number, or NULL. */
struct descriptor *descriptors_find(const struct descriptors *d, int fd);

/*
 * Is it there under the same number, as far as can be told: the same socket or pipe, the same path?
 */
bool descriptors_has(const struct descriptors *d, const struct descriptor *one);

#endif
