// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes: views that keep a whole buffer, a buffer that grows.
 */
#include <string.h>

#include "cause.h"

static bool is_view(const struct scene *s, uint64_t addr)
{
	return scene_is_named(s, addr, "memoryview");
}

static bool views(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_view, NULL))
		return false;
	return cause_say(c, "memoryviews are kept: each keeps the whole buffer it is a part of",
			 "Copy what is needed, bytes(view), and release() the view, so that the "
			 "buffer can go.");
}

static bool bytearray(const struct scene *s, struct candidate *c)
{
	if (!s->holder->sized || !s->self.type || s->self.type->kind != KIND_BYTEARRAY)
		return false;
	return cause_say(c, "a bytearray that is extended and never cut",
			 "Write it out and clear() it, or del buffer[:n], when it has reached some "
			 "size.");
}

static const struct cause table[] = { { "memoryview", views }, { "bytearray", bytearray } };

const struct cause_family causes_buffers = CAUSE_FAMILY(table);
