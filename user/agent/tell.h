// SPDX-License-Identifier: Apache-2.0
/*
 * Findings as they come, for log pipelines and as files: one JSON object a line on standard output,
 * one profile a look in a folder.
 */
#ifndef PYLEAK_AGENT_TELL_H
#define PYLEAK_AGENT_TELL_H

#include <stdbool.h>

#include "agent.h"

/* Print @f where the configuration asks for it; @is_new: it was not known before. */
void tell_finding(struct agent *a, const struct open_finding *f, bool is_new);

/* Write the profile where the configuration asks for it. */
void tell_profile(struct agent *a, const struct report *r);

#endif
