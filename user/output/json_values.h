// SPDX-License-Identifier: Apache-2.0
/*
 * What the JSON of every command is made of. A value that is unknown is null.
 *
 * json_pack() takes over every value it is given, also when it fails, and then answers NULL: so a
 * NULL from any function here means that memory ran out, and nothing leaks.
 */
#ifndef PYLEAK_OUTPUT_JSON_VALUES_H
#define PYLEAK_OUTPUT_JSON_VALUES_H

#include <jansson.h>
#include <stdio.h>

#include "../model/report.h"

json_t *value_text(const char *s);
json_t *value_text_or_null(const char *s); /* null for "" */
json_t *value_number(int64_t n);
json_t *value_real(double value);

json_t *value_frame(const struct frame *f);
json_t *value_frame_or_null(bool known, const struct frame *f); /* null also for an empty one */
json_t *value_stack(const struct stack *s);
json_t *value_evidence(const struct candidate *c);

json_t *value_target(const struct report *r);
json_t *value_started(const struct report *r);
json_t *value_footprint(const struct footprint *f);
json_t *value_loss(const struct loss *l);
json_t *value_cost(const struct cost *c);
json_t *value_warnings(const struct report *r);

/* Append @item, which is taken over; *@list is released and NULL where memory ran out. */
void value_append(json_t **list, json_t *item);

/* Print @root and release it. 0, -EIO, or -ENOMEM where it is NULL. */
int value_write(FILE *out, json_t *root);

#endif
