// SPDX-License-Identifier: Apache-2.0
/*
 * One file that shows a leak report in a browser, without network, scripts or other files:
 * candidates with a bar each, stacks that open, and a flame graph of what stays.
 */
#include <errno.h>
#include <inttypes.h>

#include "../util/units.h"
#include "flame.h"
#include "format.h"

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em;"
	"color:#1b1f24;background:#fff}"
	"h1{font-size:1.3em;margin:0}h2{font-size:1.05em;margin:2em 0 .5em}"
	".bad{color:#b42318}.good{color:#1a7f37}.unsure{color:#9a6700}"
	".quiet{color:#57606a}code,pre{font:13px/1.5 ui-monospace,monospace}"
	"article{border:1px solid #d0d7de;border-radius:6px;padding:.8em 1em;margin:.8em 0}"
	"article h3{font-size:1em;margin:0;overflow-wrap:anywhere}"
	".bar{background:#eaeef2;border-radius:3px;height:8px;margin:.5em 0}"
	".bar i{display:block;background:#cf222e;height:8px;border-radius:3px}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1em;margin:.5em 0}"
	"dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}ol{margin:.3em 0;padding-left:2.2em}"
	"summary{cursor:pointer;color:#0969da}.flame{width:100%;height:auto;display:block}"
	".flame text{font:12px ui-monospace,monospace;fill:#1b1f24;pointer-events:none}"
	".flame rect{fill:#f6b26b}.flame .holder rect{fill:#e06666}.flame .all rect{fill:#d0d7de}"
	".flame g:hover rect{stroke:#1b1f24}"
	"@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}"
	".quiet,dt{color:#8d96a0}article{border-color:#30363d}.bar{background:#21262d}"
	"summary{color:#4493f8}.bad{color:#ff7b72}.good{color:#3fb950}.unsure{color:#d29922}}";

static void bytes_unit(char *buf, uint64_t weight)
{
	units_bytes(buf, (int64_t)weight);
}

static const char *class_of(enum verdict v)
{
	switch (v) {
	case VERDICT_LEAK:
	case VERDICT_NATIVE:
	case VERDICT_REFCOUNT:
	case VERDICT_RESOURCE:
		return "bad";
	case VERDICT_NO_GROWTH:
	case VERDICT_CACHE:
	case VERDICT_WARM_UP:
		return "good";
	default:
		return "unsure";
	}
}

static void put_head(FILE *out, const struct report *r)
{
	char rss_before[UNITS_TEXT] = "?", rss_after[UNITS_TEXT] = "?";

	if (r->before.rss != UNKNOWN)
		units_bytes(rss_before, r->before.rss);
	if (r->after.rss != UNKNOWN)
		units_bytes(rss_after, r->after.rss);
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width\"><title>pyleak: ",
	      out);
	flame_text(out, r->comm);
	fprintf(out, " %d</title><style>%s</style></head>\n<body>\n<h1>pid %d <code>", r->pid,
		style, r->pid);
	flame_text(out, r->comm);
	fputs("</code>, Python ", out);
	flame_text(out, r->python[0] ? r->python : "?");
	fprintf(out, ": <span class=\"%s\">%s</span></h1>\n", class_of(r->verdict),
		verdict_name(r->verdict));
	fprintf(out, "<p class=\"quiet\">looked for %.1f s in %u walks, RSS %s &#8594; %s</p>\n<p>",
		r->duration_seconds, r->walks, rss_before, rss_after);
	flame_text(out, r->summary);
	fputs("</p>\n", out);
	for (uint32_t i = 0; i < r->warning_count; i++) {
		fputs("<p class=\"unsure\">", out);
		flame_text(out, r->warnings[i]);
		fputs("</p>\n", out);
	}
}

static void put_frame(FILE *out, const struct frame *f)
{
	fputs("<code>", out);
	flame_text(out, f->file[0] ? f->file : "?");
	if (f->line > 0)
		fprintf(out, ":%d", f->line);
	fputs("</code> in <code>", out);
	flame_text(out, f->function[0] ? f->function : "?");
	fputs("</code>", out);
}

static void put_field(FILE *out, const char *label, const char *text)
{
	if (!text[0])
		return;
	fprintf(out, "<dt>%s</dt><dd>", label);
	flame_text(out, text);
	fputs("</dd>\n", out);
}

static void put_place(FILE *out, const char *label, bool known, const struct frame *f)
{
	if (!known)
		return;
	fprintf(out, "<dt>%s</dt><dd>", label);
	put_frame(out, f);
	fputs("</dd>\n", out);
}

static void put_stack(FILE *out, const struct stack *s)
{
	if (!s->depth)
		return;
	fprintf(out, "<details><summary>stack, %u frames%s</summary><ol>\n", s->depth,
		s->truncated ? " and more" : "");
	for (uint32_t i = 0; i < s->depth && i < REPORT_STACK_MAX; i++) {
		fputs("<li>", out);
		put_frame(out, &s->frame[i]);
		fputs("</li>\n", out);
	}
	fputs("</ol></details>\n", out);
}

static void put_candidate(FILE *out, const struct candidate *c, uint32_t rank, double most)
{
	char rate[UNITS_TEXT], objects[UNITS_TEXT];
	double width = most > 0 ? 100 * c->bytes_per_second / most : 0;

	units_byte_rate(rate, c->bytes_per_second);
	units_rate(objects, c->objects_per_second);
	fprintf(out, "<article><h3>%u <span class=\"%s\">%s</span> %s, %s objects/s: ", rank,
		class_of(c->verdict), verdict_name(c->verdict), rate, objects);
	flame_text(out, c->held_by[0] ? c->held_by : "holder not found");
	fprintf(out, "</h3><div class=\"bar\"><i style=\"width:%.1f%%\"></i></div>\n<dl>",
		width < 0 ? 0 : width);
	put_field(out, "type", c->type);
	put_place(out, "stored at", c->stored_known, &c->stored_at);
	put_place(out, "allocated at", c->allocated_known, &c->allocated_at);
	if (!c->stored_known && !c->allocated_known)
		put_field(out, "no line", c->why_no_line);
	put_field(out, "holds", c->content);
	put_field(out, "for example", c->example);
	put_field(out, "cause", c->cause);
	put_field(out, "advice", c->advice);
	fprintf(out, "<dt>evidence</dt><dd>%.0f %% sure", 100 * c->confidence);
	for (uint32_t i = 0; i < c->evidence_count; i++) {
		fputs("; ", out);
		flame_text(out, c->evidence[i]);
	}
	fputs("</dd></dl>\n", out);
	put_stack(out, &c->stack);
	fputs("</article>\n", out);
}

static int put_flame(FILE *out, const struct report *r, uint32_t count)
{
	struct flame flame;
	int rc = flame_init(&flame);

	for (uint32_t i = 0; i < count && !rc; i++) {
		const struct candidate *c = &r->candidates[i];

		if (c->inuse_bytes > 0)
			rc = flame_add(&flame, &c->stack,
				       c->held_by[0] ? c->held_by : "(holder not found)",
				       (uint64_t)c->inuse_bytes);
	}
	if (!rc && flame.node[0].weight) {
		fputs("<h2>What stays, by the stack that stored it</h2>\n", out);
		flame_draw(&flame, out, bytes_unit);
	}
	flame_release(&flame);
	return rc;
}

static void put_foot(FILE *out, const struct report *r)
{
	const struct loss *l = &r->loss;

	fprintf(out,
		"<p class=\"quiet\">not seen: %" PRIu64 " events dropped, %" PRIu64
		" stacks cut, %" PRIu64 " frames without a name, %" PRIu64 " torn reads, %" PRIu64
		" objects without a holder. The process was %s.</p>\n</body></html>\n",
		l->dropped_events + l->map_full, l->truncated_stacks, l->unresolved_frames,
		l->torn_reads, l->unreached_objects,
		r->cost.target_stopped_ns ? "stopped for a moment" : "never stopped");
}

static int html_leaks(FILE *out, const struct report *r, const struct format_options *o)
{
	uint32_t count = o->top && o->top < r->count ? o->top : r->count;
	double most = 0;
	int rc;

	for (uint32_t i = 0; i < count; i++)
		if (r->candidates[i].bytes_per_second > most)
			most = r->candidates[i].bytes_per_second;
	put_head(out, r);
	for (uint32_t i = 0; i < count; i++)
		put_candidate(out, &r->candidates[i], i + 1, most);
	rc = put_flame(out, r, count);
	put_foot(out, r);
	return rc ? rc : ferror(out) ? -EIO : 0;
}

const struct format format_html = {
	.name = "html", .suffix = ".html", .leaks = html_leaks,
};
