// SPDX-License-Identifier: Apache-2.0
/*
 *	     PID  Python          RSS        growth  thr  sees  service
 *	    4242  3.11.2    120.3 MiB    +1.2 MiB/s    8  full  shop 1.8.2, container 3f2a91c0b7de
 */
#include "processes_table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"
#include "page.h"

#define COLUMNS "%8s  %-8s%11s%14s%5s  "
#define SEES 6
#define INDENT 56
#define ID_SHOWN 12 /* digits of a container's id: what `docker ps` shows */

static const enum page_style styles[] = {
	[VISIBLE_NO] = PAGE_BAD, [VISIBLE_PART] = PAGE_UNSURE, [VISIBLE_FULL] = PAGE_PLAIN
};

static void put_row(struct page *page, const struct process_row *r)
{
	char pid[12], threads[12] = "?", rss[UNITS_TEXT] = "?", growth[UNITS_TEXT] = "?", text[512];
	struct strbuf s;

	snprintf(pid, sizeof(pid), "%d", r->pid);
	if (r->threads > 0)
		snprintf(threads, sizeof(threads), "%d", r->threads);
	if (r->rss_bytes != UNKNOWN)
		units_bytes(rss, r->rss_bytes);
	if (isfinite(r->rss_bytes_per_second))
		units_byte_rate(growth, r->rss_bytes_per_second);
	fprintf(page->out, COLUMNS, pid, r->python[0] ? r->python : "?", rss, growth, threads);
	page_put(page, styles[r->visible], visible_name(r->visible));
	fprintf(page->out, "%*s", SEES - (int)strlen(visible_name(r->visible)), "");
	strbuf_init(&s, text, sizeof(text));
	strbuf_add(&s, r->service);
	if (r->release[0])
		strbuf_addf(&s, " %s", r->release);
	if (r->pod[0] || r->pod_uid[0])
		strbuf_addf(&s, ", pod %s", r->pod[0] ? r->pod : r->pod_uid);
	else if (r->container[0])
		strbuf_addf(&s, ", container %.*s", ID_SHOWN, r->container);
	page_rest(page, INDENT, PAGE_PLAIN, text);
	if (r->why[0])
		page_field(page, 10, NULL, PAGE_QUIET, r->why);
}

int processes_table(FILE *out, const struct processes *p, const struct format_options *o)
{
	struct page page;
	char text[160];

	page_init(&page, out, o);
	snprintf(text, sizeof(text), COLUMNS "%-*s%s\n", "PID", "Python", "RSS", "growth", "thr",
		 SEES, "sees", "service");
	page_put(&page, PAGE_QUIET, text);
	for (size_t i = 0; i < p->count && !(o->top && i >= o->top); i++)
		put_row(&page, &p->row[i]);
	snprintf(text, sizeof(text), "%zu Python of %u processes", p->count, p->looked_at);
	if (p->seconds > 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; growth of RSS over %.2f s", p->seconds);
	page_field(&page, 0, NULL, PAGE_QUIET, text);
	if (p->denied) {
		snprintf(text, sizeof(text),
			 "%u more may not be looked into: that takes CAP_SYS_PTRACE over them "
			 "(sudo)",
			 p->denied);
		page_field(&page, 0, NULL, PAGE_UNSURE, text);
	}
	return ferror(out) ? -EIO : 0;
}
