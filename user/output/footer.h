// SPDX-License-Identifier: Apache-2.0
/*
 * What stands quietly below a table: warnings, what was left out, what could not be seen, and what
 * the look cost.
 */
#ifndef PYLEAK_OUTPUT_FOOTER_H
#define PYLEAK_OUTPUT_FOOTER_H

#include "page.h"
#include "paths.h"

/* @shown of the report's candidates stand above. */
void footer_put(const struct page *page, const struct paths *paths, const struct report *r,
		uint32_t shown);

#endif
