// SPDX-License-Identifier: Apache-2.0
/*
 * Growing arrays: one function, so that every array grows, and fails, the same way.
 */
#ifndef PYLEAK_UTIL_GROW_H
#define PYLEAK_UTIL_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/*
 * Make room for @need elements of @size bytes in the array at *@array, whose capacity is *@cap.
 * Grows by a half, so that a large array wastes at most a third. 0 or -ENOMEM (the array is then as
 * it was).
 */
static inline int grow(void *array, size_t *cap, size_t need, size_t size)
{
	void **at = (void **)array;
	size_t want;
	void *bigger;

	if (*at && need <= *cap)
		return 0;
	want = *cap + *cap / 2 + 64;
	if (want < need)
		want = need;
	bigger = reallocarray(*at, want, size);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	*cap = want;
	return 0;
}

#endif
