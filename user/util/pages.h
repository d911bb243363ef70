// SPDX-License-Identifier: Apache-2.0
/*
 * Large arrays on pages of their own.
 *
 *   [ given back | in use | never touched ]     only what is in use takes memory
 *
 * Growing moves no bytes; what was never touched, or was given back, takes no memory and reads as
 * zeros. malloc() promises none of that, and keeps what is freed.
 */
#ifndef PYLEAK_UTIL_PAGES_H
#define PYLEAK_UTIL_PAGES_H

#include <stddef.h>

/*
 * Make room for @need elements of @size bytes in the array at *@array, whose capacity is *@cap; new
 * elements are zero. 0 or -ENOMEM (the array is then as it was). Free with pages_free().
 */
int pages_grow(void *array, size_t *cap, size_t need, size_t size);

/* Give back the whole pages among the first @bytes of @array, which read as zeros from now on. */
void pages_forget(void *array, size_t bytes);

/* *@array becomes NULL, *@cap 0. */
void pages_free(void *array, size_t *cap, size_t size);

#endif
