// SPDX-License-Identifier: Apache-2.0
/*
 * What part of a whole that was measured, by samples that stand for more or less of it. Pure.
 */
#ifndef PYLEAK_RANK_SHARE_H
#define PYLEAK_RANK_SHARE_H

/* Sums over samples; each weighs what it stands for, in bytes or in blocks. */
struct share {
	unsigned samples;
	double weight, squares;
};

void share_add(struct share *s, double weight);

struct share_interval {
	double share;	  /* 0..1 */
	double low, high; /* where the truth is in 19 of 20 cases */
};

/*
 * The share of @part, which is among @whole. Without bias, as every allocation had a known chance
 * to be a sample. The interval is Wilson's, for the number of equal samples that would say as much
 * (Kish: weight squared by sum of squares); 0 to 1 where there are none.
 */
struct share_interval share_of(const struct share *part, const struct share *whole);

#endif
