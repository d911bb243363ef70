// SPDX-License-Identifier: Apache-2.0
/*
 * The entries of one dict of the live target. (user/heap/ reads dicts out of its snapshot instead.)
 */
#ifndef PYLEAK_CPYTHON_DICT_H
#define PYLEAK_CPYTHON_DICT_H

#include <stdint.h>

#include "../target/memory.h"
#include "layout.h"

/*
 * A dict with more entries than this is refused: sys.modules and module dicts are what is read
 * here.
 */
#define PY_DICT_ENTRIES_MAX (1u << 20)

/* Not 0: stop, and py_dict_each() returns it. */
typedef int (*py_dict_fn)(void *arg, uint64_t key, uint64_t value);

/*
 * Call @fn for every entry of the dict object at @dict, in insertion order, deleted ones left out.
 * 0, what @fn returned, -EINVAL where there is no plausible dict, or -errno of a read. The target
 * may change it meanwhile: @fn checks what it gets.
 */
int py_dict_each(const struct py_layout *l, struct remote *mem, uint64_t dict, py_dict_fn fn,
		 void *arg);

#endif
