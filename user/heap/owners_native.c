// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors whose number is in native memory. What tells it is in the block itself:
 *
 *	sqlite's unixFile	| methods, in libsqlite3 | vfs, in libsqlite3 | inode | int fd |
 *				  (src/os_unix.c, struct unixFile)
 *	a connection		| ... sockaddr of its own end, as the kernel has it ... |
 *				  libpq's PGconn.laddr, for example
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "owners.h"

#define BLOCK_MOST 16384 /* bytes of a block that are searched */
#define CLIMB_MAX 64
#define UNIX_FILE_FD 24

struct range {
	uint64_t start, end;
};

struct native {
	struct owners *owners;
	struct reach *r;
	const struct descriptors *d;
	struct range sqlite;
	size_t known;		    /* owners that were there before */
	struct descriptor **by_port; /* owned, 65,536: one whose local end has that port */
	bool ports;
	int err;
};

static struct range find_image(const struct maps *m, const char *name)
{
	struct range range = { 0 };

	for (size_t i = 0; i < m->count; i++) {
		const char *slash = strrchr(m->map[i].path, '/');

		if (!slash || strncmp(slash + 1, name, strlen(name)) != 0)
			continue;
		if (!range.start)
			range.start = m->map[i].start;
		range.end = m->map[i].end;
	}
	return range;
}

static bool has_owner(const struct native *n, int fd)
{
	struct owners before = *n->owners;

	before.count = n->known;
	return owners_of(&before, (uint64_t)fd) != BLOCK_NONE;
}

/* The extension's object on the path to its memory; BLOCK_NONE where there is none. */
static uint32_t object_above(const struct reach *r, uint32_t block)
{
	for (int i = 0; i < CLIMB_MAX; i++) {
		uint32_t parent = reach_parent(r, block);

		if (parent == PARENT_NONE || reach_is_root(parent))
			return BLOCK_NONE;
		if (reach_type(r, parent) != TYPE_NONE)
			return types_get(r->types, reach_type(r, parent))->kind == KIND_OBJECT
				       ? parent
				       : BLOCK_NONE;
		block = parent;
	}
	return BLOCK_NONE;
}

static void found(struct native *n, int fd, uint32_t block)
{
	uint32_t object = has_owner(n, fd) ? BLOCK_NONE : object_above(n->r, block);

	if (object != BLOCK_NONE && !owners_add(n->owners, (uint64_t)fd, object))
		n->err = -ENOMEM;
}

static bool inside(const struct range *r, uint64_t address)
{
	return address >= r->start && address < r->end;
}

static void search_sqlite(struct native *n, uint32_t block, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + UNIX_FILE_FD + 4 <= size; at += 8) {
		const struct descriptor *d;
		uint64_t word[2];
		int32_t fd;

		memcpy(word, bytes + at, sizeof(word));
		if (!inside(&n->sqlite, word[0]) || !inside(&n->sqlite, word[1]))
			continue;
		memcpy(&fd, bytes + at + UNIX_FILE_FD, sizeof(fd));
		d = descriptors_find(n->d, fd);
		if (d && d->kind == RESOURCE_FILE)
			found(n, fd, block);
	}
}

/* struct sockaddr_in, sockaddr_in6: family, port, address; flow information before the latter. */
static bool is_end(const uint8_t *at, size_t left, const struct socket_end *end)
{
	if (end->family == AF_INET)
		return left >= 8 && memcmp(at + 4, end->address, 4) == 0;
	return left >= 24 && memcmp(at + 8, end->address, 16) == 0;
}

static void search_ends(struct native *n, uint32_t block, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + 8 <= size; at += 4) {
		const struct descriptor *d;
		uint16_t family, port;

		memcpy(&family, bytes + at, sizeof(family));
		if (family != AF_INET && family != AF_INET6)
			continue;
		memcpy(&port, bytes + at + 2, sizeof(port));
		d = n->by_port[ntohs(port)];
		if (d && d->local.family == family && is_end(bytes + at, size - at, &d->local))
			found(n, d->fd, block);
	}
}

static void search_all(struct native *n)
{
	const struct blocks *b = &n->r->history->now;
	uint8_t bytes[BLOCK_MOST];
	uint64_t left = OWNERS_NATIVE_MAX;

	for (size_t i = 0; i < b->extents && !n->err; i++) {
		const struct extent *x = &b->extent[i];
		size_t size = x->size < sizeof(bytes) ? x->size : sizeof(bytes);

		/* What has such a block is larger than what pymalloc hands out. */
		if (x->kind != EXTENT_CHUNK || size < 64 || !b->print[x->first] ||
		    b->type[x->first] != TYPE_NONE || size > left)
			continue;
		left -= size;
		if (!reader_copy(n->r->reader, x->addr, bytes, size))
			continue;
		if (n->sqlite.start)
			search_sqlite(n, x->first, bytes, size);
		if (n->ports)
			search_ends(n, x->first, bytes, size);
	}
}

static void take_ports(struct native *n)
{
	for (size_t i = 0; i < n->d->count; i++) {
		struct descriptor *d = &n->d->descriptor[i];

		if (d->kind != RESOURCE_SOCKET || !d->local.port || !d->remote.port ||
		    has_owner(n, d->fd))
			continue;
		n->by_port[d->local.port] = d;
		n->ports = true;
	}
}

int owners_find_native(struct owners *o, struct reach *r, const struct descriptors *d,
		       const struct maps *m)
{
	struct native n = { .owners = o, .r = r, .d = d, .known = o->count };

	n.by_port = calloc(1 << 16, sizeof(struct descriptor *));
	if (!n.by_port)
		return -ENOMEM;
	n.sqlite = find_image(m, "libsqlite3.so");
	take_ports(&n);
	if (n.ports || n.sqlite.start)
		search_all(&n);
	free(n.by_port);
	return n.err;
}
