// SPDX-License-Identifier: Apache-2.0
/*
 * What a resource that stays usually means: by the libraries on its stack, the types that hold it,
 * and what it is.
 */
#ifndef PYLEAK_RANK_RESOURCE_CAUSES_H
#define PYLEAK_RANK_RESOURCE_CAUSES_H

#include "../model/resources.h"

/* Fill the row's cause and advice; nothing where it is no known case. */
void resource_explain(struct resource_row *row);

#endif
