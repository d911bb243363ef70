// SPDX-License-Identifier: Apache-2.0
#include "descriptors.h"

#include <stdlib.h>
#include <string.h>

void descriptors_release(struct descriptors *d)
{
	free(d->descriptor);
	*d = (struct descriptors){ 0 };
}

struct descriptor *descriptors_find(const struct descriptors *d, int fd)
{
	size_t low = 0, high = d->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (d->descriptor[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < d->count && d->descriptor[low].fd == fd ? &d->descriptor[low] : NULL;
}

bool descriptors_has(const struct descriptors *d, const struct descriptor *one)
{
	const struct descriptor *then = descriptors_find(d, one->fd);

	return then && then->kind == one->kind && then->inode == one->inode &&
	       (one->inode || strcmp(then->what, one->what) == 0);
}
