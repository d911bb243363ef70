// SPDX-License-Identifier: Apache-2.0
/*
 * The longest pauses, longest first, each with the place that tripped it:
 *
 *	1  184 ms  generation 2, 12.40 s after the start, automatic, thread 4242
 *	   freed        0 objects, of 1,204,331 tracked
 *	   not on a CPU 61.0 ms of the pause, 61.0 ms of them waiting for one
 *	   tripped at   shop/cart.py:20 in Cart.add
 *	   called from  shop/views.py:88 in checkout
 */
#ifndef PYLEAK_OUTPUT_PAUSES_WORST_H
#define PYLEAK_OUTPUT_PAUSES_WORST_H

#include "page.h"
#include "paths.h"

/* As many as @o says, without those that are short beside the longest. 0 or -ENOMEM. */
int pauses_worst(const struct page *page, const struct paths *paths, const struct pauses *p,
		 const struct format_options *o);

#endif
