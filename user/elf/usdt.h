// SPDX-License-Identifier: Apache-2.0
/*
 * USDT probes: the notes in .note.stapsdt, { u64 location, base, semaphore; provider; name;
 * arguments }, strings with their zeros (systemtap, "UserSpaceProbeImplementation"). They are in no
 * segment, so an image without section headers shows none.
 */
#ifndef PYLEAK_ELF_USDT_H
#define PYLEAK_ELF_USDT_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"

struct usdt {
	uint64_t location;  /* link address of the nop */
	uint64_t semaphore; /* link address of the u16 that switches it on; 0: always on */
};

/* Up to @cap places of probe @provider:@name into @out; how many there are of them. */
size_t usdt_find(const struct image *img, const char *provider, const char *name, struct usdt *out,
		 size_t cap);

#endif
