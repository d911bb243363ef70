// SPDX-License-Identifier: Apache-2.0
#include "resources_threads_table.h"

#include <string.h>

#include "../util/strbuf.h"

#define TEXT_MAX 1024

static bool same_work(const struct resource_thread *a, const struct resource_thread *b)
{
	return a->python == b->python && strcmp(a->waits_in, b->waits_in) == 0 &&
	       a->at.line == b->at.line && strcmp(a->at.file, b->at.file) == 0 &&
	       a->entry.line == b->entry.line && strcmp(a->entry.file, b->entry.file) == 0;
}

/* How many of the threads from @at on do the same; 0 where one before does too. */
static size_t count_alike(const struct resources *r, size_t at)
{
	size_t count = 0;

	for (size_t i = 0; i < at; i++)
		if (same_work(&r->thread[i], &r->thread[at]))
			return 0;
	for (size_t i = at; i < r->threads; i++)
		count += same_work(&r->thread[i], &r->thread[at]);
	return count;
}

static void put_thread(const struct stack_lines *lines, const struct resource_thread *thread,
		       size_t alike)
{
	char text[TEXT_MAX], frame[512], label[16];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	snprintf(label, sizeof(label), "%d", thread->tid);
	strbuf_add(&s, thread->name);
	if (alike > 1)
		strbuf_addf(&s, " and %zu alike", alike - 1);
	strbuf_addf(&s, ": %s", thread->waits_in[0] ? thread->waits_in : "not known what it does");
	if (thread->python) {
		paths_frame(lines->paths, &thread->at, 200, frame, sizeof(frame));
		strbuf_addf(&s, ", at %s", frame);
	}
	if (thread->python && (thread->at.line != thread->entry.line ||
			       strcmp(thread->at.file, thread->entry.file) != 0)) {
		paths_frame(lines->paths, &thread->entry, 200, frame, sizeof(frame));
		strbuf_addf(&s, ", called in %s", frame);
	}
	if (thread->held_by[0])
		strbuf_addf(&s, ", held by %s", thread->held_by);
	page_field(lines->page, lines->indent, label, PAGE_PLAIN, text);
}

void resources_threads_put(const struct stack_lines *lines, const struct resources *r, unsigned top)
{
	size_t shown = 0, left = 0;
	char text[64];

	if (r->threads)
		fputs("\nthreads\n", lines->page->out);
	for (size_t i = 0; i < r->threads; i++) {
		size_t alike = count_alike(r, i);

		if (top && shown == top)
			left += alike;
		else if (alike)
			put_thread(lines, &r->thread[i], alike);
		shown += alike && (!top || shown < top);
	}
	if (!left)
		return;
	snprintf(text, sizeof(text), "%zu more (--top 0 prints all)", left);
	page_field(lines->page, lines->indent, "", PAGE_QUIET, text);
}
