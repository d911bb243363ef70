// SPDX-License-Identifier: Apache-2.0
/*
 * Some of what is in a container, read from the live target, evenly from its later half: what
 * leaks came last.
 */
#ifndef PYLEAK_CAUSES_ELEMENTS_H
#define PYLEAK_CAUSES_ELEMENTS_H

#include "scene.h"

/* Fill s->element from s->self and its holder. What changed while it was read is left out. */
void elements_read(struct scene *s);

#endif
