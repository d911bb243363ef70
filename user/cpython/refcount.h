// SPDX-License-Identifier: Apache-2.0
/*
 * The word ob_refcnt. To 3.11 all of it is the count; from 3.12 on the low half is, and a negative
 * one says that the object is never freed; from 3.14 on flags are in the high half
 * (Include/object.h, Include/refcount.h).
 */
#ifndef PYLEAK_CPYTHON_REFCOUNT_H
#define PYLEAK_CPYTHON_REFCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

static inline bool py_is_immortal(const struct py_layout *l, uint64_t word)
{
	return l->minor >= 12 && (int32_t)word < 0;
}

static inline uint64_t py_refcount(const struct py_layout *l, uint64_t word)
{
	return l->minor >= 12 ? (uint32_t)word : word;
}

#endif
