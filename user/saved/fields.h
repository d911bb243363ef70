// SPDX-License-Identifier: Apache-2.0
/*
 * Fields of a JSON object. A missing or null one is unknown: UNKNOWN, "", or what the function
 * says. One of another kind sets *@wrong to its name, where nothing was wrong before.
 */
#ifndef PYLEAK_SAVED_FIELDS_H
#define PYLEAK_SAVED_FIELDS_H

#include <jansson.h>

#include "../model/report.h"

struct fields {
	json_t *object; /* borrowed; NULL: all fields are missing */
	const char **wrong;
};

void field_text(const struct fields *f, const char *name, char *buf, size_t cap);
int64_t field_number(const struct fields *f, const char *name);
uint64_t field_count(const struct fields *f, const char *name);		/* 0 where unknown */
double field_real(const struct fields *f, const char *name, double unknown);
bool field_bool(const struct fields *f, const char *name); /* false where unknown */
struct fields field_object(const struct fields *f, const char *name);
json_t *field_list(const struct fields *f, const char *name); /* borrowed; NULL where unknown */

/* Element @i of a list, as an object. */
struct fields field_element(const struct fields *f, json_t *list, size_t i);

bool field_frame(const struct fields *f, const char *name, struct frame *frame);
void field_stack(const struct fields *f, const char *name, struct stack *stack);

/* What every schema has: target, started, duration, loss, cost, warnings. */
void field_look(const struct fields *root, struct report *r);

#endif
