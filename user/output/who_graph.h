// SPDX-License-Identifier: Apache-2.0
/*
 * Who holds what as a drawing in the language of graphviz: paths from roots merged into a tree, the
 * wider an edge the more objects hang on it, and in red the holder to cut at.
 */
#ifndef PYLEAK_OUTPUT_WHO_GRAPH_H
#define PYLEAK_OUTPUT_WHO_GRAPH_H

#include <stdio.h>

#include "../model/who.h"

#define WHO_GRAPH_PATHS 24 /* drawn, those with most objects; the rest is said in one node */

/* Write the graph as dot text. 0, -ENOMEM or -EIO. */
int who_graph(FILE *out, const struct who *w);

#endif
