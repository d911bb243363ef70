// SPDX-License-Identifier: Apache-2.0
#include "trails.h"

#include <stdlib.h>

void trails_release(struct trails *t)
{
	free(t->trail);
	free(t->pauses);
	*t = (struct trails){ 0 };
}
