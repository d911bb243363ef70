// SPDX-License-Identifier: Apache-2.0
/*
 * What a change of the resident set is made of, in one sentence. Pure.
 */
#ifndef PYLEAK_RANK_CHANGE_H
#define PYLEAK_RANK_CHANGE_H

#include <stddef.h>

#include "../model/report.h"

/*
 * "RSS +148.0 MiB: +145.0 MiB free in malloc's heaps, ..." into @buf, and what that means where
 * most of it is free memory. "" where the parts are not known.
 */
void change_explain(const struct footprint *before, const struct footprint *after, char *buf,
		    size_t cap);

/* The same of one moment: what of the resident set is free memory that could be had back. */
void change_describe(const struct footprint *f, char *buf, size_t cap);

#endif
