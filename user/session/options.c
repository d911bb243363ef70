// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <stdlib.h>

void options_release(struct options *o)
{
	free(o->words);
	o->words = NULL;
}
