// SPDX-License-Identifier: Apache-2.0
#include "weights.h"

#include <errno.h>

#include "../util/pages.h"

void weights_of_blocks(const struct reach *r, uint32_t *weight)
{
	const struct blocks *b = &r->history->now;

	for (size_t i = 0; i < b->extents; i++) {
		const struct extent *x = &b->extent[i];
		uint64_t units = (x->size + WEIGHTS_UNIT - 1) / WEIGHTS_UNIT;

		for (uint32_t n = x->first; n < x->first + x->count; n++)
			weight[n] = !b->print[n]	 ? 0
				    : units < UINT32_MAX ? (uint32_t)units
							 : UINT32_MAX;
	}
	for (size_t i = 0; i < r->lates; i++)
		weight[b->count + i] = (uint32_t)(r->late[i].size / WEIGHTS_UNIT);
}

int weights_sum_up(const uint32_t *up, uint32_t *weight, uint32_t count)
{
	uint32_t *left = NULL; /* by block: children not summed up yet */
	size_t cap = 0;

	if (pages_grow(&left, &cap, (size_t)count + 1, sizeof(*left)))
		return -ENOMEM;
	for (uint32_t n = 0; n < count; n++)
		if (up[n] < count)
			left[up[n]]++;
	for (uint32_t n = 0; n < count; n++) {
		/* blocks behind @n have their own turn, with nothing left by then */
		for (uint32_t at = n; !left[at] && at <= n && up[at] < count; at = up[at]) {
			uint64_t sum = (uint64_t)weight[up[at]] + weight[at];

			weight[up[at]] = sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
			left[up[at]]--;
		}
	}
	pages_free(&left, &cap, sizeof(*left));
	return 0;
}
