// SPDX-License-Identifier: Apache-2.0
/*
 * What was found in an image, kept for the next time: points/BUILD-ID in $PYLEAK_CACHE, else in
 * /var/cache/pyleak, or without root in $XDG_CACHE_HOME/pyleak (~/.cache). The file is for its
 * writer alone and bound to the whole content of the image by a keyed hash: a build id can be
 * forged by whoever builds a container, a hash with a key he cannot read cannot. What does not fit
 * is as if it were not there; so is a directory that cannot be made.
 */
#ifndef PYLEAK_CPYTHON_POINTS_CACHE_H
#define PYLEAK_CPYTHON_POINTS_CACHE_H

#include "../elf/image.h"
#include "points.h"

/* The image's points, link addresses, of Python 3.@minor; false: not known. */
bool points_cache_load(const char *directory, const struct image *img, int minor,
		       struct py_points *out);
/* Keep them; failure is silent: it costs only time. */
void points_cache_store(const char *directory, const struct image *img,
			const struct py_points *points);
/* The directory for whoever runs, "" where there is none to be had. */
void points_cache_directory(char *out, size_t cap);

#endif
