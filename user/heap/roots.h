// SPDX-License-Identifier: Apache-2.0
/*
 * Where everything that lives is held from in the end. In this order, so that the name a person
 * knows wins: modules; running frames, thread-local dicts and contexts; C data; native stacks.
 */
#ifndef PYLEAK_HEAP_ROOTS_H
#define PYLEAK_HEAP_ROOTS_H

#include "reach.h"

void roots_modules(struct reach *r);
void roots_own_modules(struct reach *r); /* those of which r->is_own says so, and __main__ */
void roots_threads(struct reach *r);
void roots_data(struct reach *r);   /* .data and .bss of every image */
void roots_stacks(struct reach *r); /* of Python's threads, conservatively */

#endif
