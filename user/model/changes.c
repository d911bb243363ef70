// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <stdlib.h>

static const char *const names[] = {
	[CHANGE_NEW] = "new",	[CHANGE_FASTER] = "faster", [CHANGE_SLOWER] = "slower",
	[CHANGE_SAME] = "same", [CHANGE_GONE] = "gone",
};

const char *change_name(enum change_kind k)
{
	return names[k];
}

void changes_release(struct changes *c)
{
	free(c->change);
	c->change = NULL;
	c->count = 0;
}
