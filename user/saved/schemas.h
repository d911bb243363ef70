// SPDX-License-Identifier: Apache-2.0
/*
 * One function for each schema: from the root of the JSON to the model. 0 or -ENOMEM; what is of a
 * wrong kind is in *root->wrong. To add one: write it, and give saved.c's table a row.
 */
#ifndef PYLEAK_SAVED_SCHEMAS_H
#define PYLEAK_SAVED_SCHEMAS_H

#include "fields.h"
#include "saved.h"

int saved_leaks(const struct fields *root, struct saved *s);
int saved_pauses(const struct fields *root, struct saved *s);

#endif
