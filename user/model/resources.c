// SPDX-License-Identifier: Apache-2.0
#include "resources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/grow.h"

const char *resource_kind_name(enum resource_kind k)
{
	static const char *const names[RESOURCE_KINDS] = {
		[RESOURCE_FILE] = "file",	[RESOURCE_SOCKET] = "socket",
		[RESOURCE_PIPE] = "pipe",	[RESOURCE_EPOLL] = "epoll",
		[RESOURCE_EVENTFD] = "eventfd", [RESOURCE_INOTIFY] = "inotify",
		[RESOURCE_OTHER] = "other",	[RESOURCE_THREAD] = "thread",
		[RESOURCE_MAPPING] = "mapping",
	};

	return names[k];
}

int64_t resource_descriptors(const struct resource_counts *c)
{
	int64_t sum = 0;

	for (int k = 0; k <= RESOURCE_OTHER; k++) {
		if (c->of[k] == UNKNOWN)
			return UNKNOWN;
		sum += c->of[k];
	}
	return sum;
}

struct resource_row *resource_rows_add(struct resource_rows *rows)
{
	struct resource_row *row;

	if (grow(&rows->row, &rows->cap, rows->count + 1, sizeof(*rows->row)))
		return NULL;
	row = &rows->row[rows->count++];
	memset(row, 0, sizeof(*row));
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		row->about.sizes[i] = UNKNOWN;
	return row;
}

void resource_row_what(struct resource_row *row, const char *text)
{
	uint32_t i = 0;

	while (i < row->what_count && strcmp(row->what[i].text, text) != 0)
		i++;
	if (i == RESOURCE_WHATS) {
		row->others++;
		return;
	}
	if (i == row->what_count) {
		snprintf(row->what[i].text, sizeof(row->what[i].text), "%s", text);
		row->what[i].count = 0;
		row->what_count++;
	}
	row->what[i].count++;
	for (; i && row->what[i].count > row->what[i - 1].count; i--) {
		struct resource_what less = row->what[i - 1];

		row->what[i - 1] = row->what[i];
		row->what[i] = less;
	}
}

void resources_release(struct resources *r)
{
	free(r->seen.row);
	free(r->unseen.row);
	free(r->thread);
	r->seen = r->unseen = (struct resource_rows){ 0 };
	r->thread = NULL;
	r->threads = 0;
	report_release(&r->look);
}
