// SPDX-License-Identifier: Apache-2.0
#include "footer.h"

#include "../util/strbuf.h"
#include "../util/units.h"

static void add_loss(struct strbuf *s, uint64_t count, const char *one, const char *many)
{
	char text[UNITS_TEXT];

	if (!count)
		return;
	units_count(text, (int64_t)count);
	strbuf_addf(s, "%s%s %s", s->len ? ", " : "", text, count == 1 ? one : many);
}

static void put_loss(const struct page *page, const struct loss *loss)
{
	char text[512], bytes[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	add_loss(&s, loss->unreached_objects, "object", "objects");
	if (s.len) {
		units_bytes(bytes, (int64_t)loss->unreached_bytes);
		strbuf_addf(&s, " (%s) without a holder", bytes);
	}
	add_loss(&s, loss->blind_threads, "thread not watched", "threads not watched");
	add_loss(&s, loss->dropped_events, "event dropped", "events dropped");
	add_loss(&s, loss->truncated_stacks, "stack cut short", "stacks cut short");
	add_loss(&s, loss->unresolved_frames, "frame without a name", "frames without a name");
	add_loss(&s, loss->map_full, "entry that found its map full",
		 "entries that found their map full");
	add_loss(&s, loss->torn_reads, "torn read", "torn reads");
	page_field(page, 0, "not seen", PAGE_QUIET, s.len ? text : "nothing was lost");
}

static void put_cost(const struct page *page, const struct cost *cost)
{
	char text[512], one[UNITS_TEXT], two[UNITS_TEXT];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	if (cost->target_cpu_percent >= 0)
		strbuf_addf(&s, "%.*f %% of the target's CPU time",
			    cost->target_cpu_percent < 0.1 ? 2 : 1, cost->target_cpu_percent);
	else
		strbuf_add(&s, "the target's CPU time was not measured");
	units_count(one, (int64_t)cost->probe_hits);
	units_bytes(two, (int64_t)cost->bytes_read);
	strbuf_addf(&s, " (%s hit%s), %s read, ", one, cost->probe_hits == 1 ? "" : "s", two);
	units_duration(one, (double)cost->target_stopped_ns / 1e9);
	if (cost->target_stopped_ns)
		strbuf_addf(&s, "stopped for %s; ", one);
	else
		strbuf_add(&s, "never stopped; ");
	units_duration(one, cost->own_cpu_seconds);
	units_bytes(two, (int64_t)cost->own_rss_peak_bytes);
	strbuf_addf(&s, "pyleak itself: %s of CPU, %s of memory", one, two);
	page_field(page, 0, "cost", PAGE_QUIET, text);
}

void footer_put(const struct page *page, const struct paths *paths, const struct report *r,
		uint32_t shown)
{
	char text[320];
	struct strbuf s;

	strbuf_init(&s, text, sizeof(text));
	for (uint32_t i = 0; i < r->warning_count; i++)
		page_field(page, 0, "note", PAGE_UNSURE, r->warnings[i]);
	if (shown < r->count) {
		strbuf_addf(&s, "%u more candidate%s (--top 0 prints all)", r->count - shown,
			    r->count - shown == 1 ? "" : "s");
		page_field(page, 0, "left out", PAGE_QUIET, text);
	}
	if (paths->common[0]) {
		strbuf_truncate(&s, 0);
		strbuf_addf(&s, "relative to %s", paths->common);
		page_field(page, 0, "files", PAGE_QUIET, text);
	}
	put_loss(page, &r->loss);
	put_cost(page, &r->cost);
}
