// SPDX-License-Identifier: Apache-2.0
#include "processes.h"

#include <stdlib.h>

const char *visible_name(enum visible v)
{
	static const char *const names[] = {
		[VISIBLE_NO] = "no", [VISIBLE_PART] = "part", [VISIBLE_FULL] = "full"
	};

	return names[v];
}

static int larger_first(const void *a, const void *b)
{
	const struct process_row *x = a, *y = b;

	if (x->rss_bytes != y->rss_bytes)
		return x->rss_bytes > y->rss_bytes ? -1 : 1;
	return x->pid - y->pid;
}

void processes_sort(struct processes *p)
{
	if (p->count)
		qsort(p->row, p->count, sizeof(*p->row), larger_first);
}

void processes_release(struct processes *p)
{
	free(p->row);
	*p = (struct processes){ 0 };
}
