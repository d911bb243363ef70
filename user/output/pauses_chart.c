// SPDX-License-Identifier: Apache-2.0
#include "pauses_chart.h"

#include <math.h>
#include <string.h>

#include "../util/strbuf.h"
#include "../util/units.h"

#define BAR_MAX 60
#define COLUMNS_MAX 240
#define COLUMNS_LEAST 20
#define LEVELS 8
#define GAP_LEAST 3 /* empty rows that are left out */

static const char *const blocks[LEVELS + 1] = {
	" ",
	"\xe2\x96\x81",
	"\xe2\x96\x82",
	"\xe2\x96\x83",
	"\xe2\x96\x84",
	"\xe2\x96\x85",
	"\xe2\x96\x86",
	"\xe2\x96\x87",
	"\xe2\x96\x88",
};
static const char *const ascii_blocks[LEVELS + 1] = {
	" ", ".", ":", "-", "=", "+", "*", "%", "#",
};

/* About the time that pauses between 2^i and 2^(i+1) ns took together. */
static double row_ns(const struct pauses *p, int i)
{
	double count = 0;

	for (int g = 0; g < PAUSE_GENERATIONS; g++)
		count += (double)p->generation[g].scale[i];
	return count * ldexp(1.4, i);
}

static void put_bar(const struct page *page, enum page_style style, double share, int room)
{
	char text[3 * BAR_MAX + 1];
	struct strbuf s;
	int cells = (int)lround(share * room);

	strbuf_init(&s, text, sizeof(text));
	if (!cells && share > 0)
		strbuf_add(&s, page->ascii ? ascii_blocks[1] : "\xe2\x96\x8f");
	for (int i = 0; i < cells; i++)
		strbuf_add(&s, page->ascii ? ascii_blocks[LEVELS] : blocks[LEVELS]);
	page_put(page, style, text);
}

static void put_row(const struct page *page, const struct pauses *p, int i, double most)
{
	int room = page_room(page, 54);
	char text[128], span[UNITS_TEXT], count[UNITS_TEXT];
	enum page_style style = ldexp(1, i) >= 8e6 ? PAGE_UNSURE : PAGE_QUIET;
	struct strbuf s;
	int columns;

	units_span(span, ldexp(1, i) / 1e9);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s, "from %s", span);
	columns = page_clean(page, text, sizeof(text));
	fprintf(page->out, "%s%*s", text, PAGE_LABEL - columns, "");
	for (int g = 0; g < PAUSE_GENERATIONS; g++) {
		units_count(count, (int64_t)p->generation[g].scale[i]);
		fprintf(page->out, " %11s", p->generation[g].scale[i] ? count : "-");
	}
	fputs("   ", page->out);
	put_bar(page, style, row_ns(p, i) / most, room < BAR_MAX ? room : BAR_MAX);
	fputc('\n', page->out);
}

void chart_lengths(const struct page *page, const struct pauses *p)
{
	int first = PAUSE_SCALE, last = -1;
	double most = 0;

	for (int i = 0; i < PAUSE_SCALE; i++) {
		double ns = row_ns(p, i);

		if (ns <= 0)
			continue;
		if (first > i)
			first = i;
		last = i;
		most = ns > most ? ns : most;
	}
	if (last < 0)
		return;
	page_put(page, PAGE_QUIET, "lasting            youngest      middle        full   ");
	page_put(page, PAGE_QUIET, "time in them\n");
	for (int i = first; i <= last; i++) {
		int gap = i;

		while (row_ns(p, gap) <= 0)
			gap++;
		if (gap - i >= GAP_LEAST) {
			page_field(page, 0, NULL, PAGE_QUIET, ELLIPSIS);
			i = gap;
		}
		put_row(page, p, i, most);
	}
}

/* 0: no pause; LEVELS: the longest, and each level below half of it. */
static int level_of(uint64_t ns, uint64_t longest)
{
	int level;

	if (!ns)
		return 0;
	level = LEVELS - (int)floor(log2((double)longest / (double)ns));
	return level < 1 ? 1 : level > LEVELS ? LEVELS : level;
}

static uint64_t longest_by_column(const struct pauses *p, uint64_t *column, int columns)
{
	double each = p->look.duration_seconds * 1e9 / columns;
	uint64_t longest = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct pause *one = &p->pause[i];
		int at = one->start_ns > p->began_ns
				 ? (int)((double)(one->start_ns - p->began_ns) / each)
				 : 0;

		at = at < columns ? at : columns - 1;
		if (one->pause_ns > column[at])
			column[at] = one->pause_ns;
		if (one->pause_ns > longest)
			longest = one->pause_ns;
	}
	return longest;
}

void chart_times(const struct page *page, const struct pauses *p)
{
	uint64_t column[COLUMNS_MAX] = { 0 }, longest;
	char text[160], each[UNITS_TEXT], most[UNITS_TEXT];
	int columns = page_room(page, PAGE_LABEL);
	struct strbuf s;

	columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
	if (columns < COLUMNS_LEAST || p->look.duration_seconds <= 0)
		return;
	longest = longest_by_column(p, column, columns);
	if (!longest)
		return;
	page_put(page, PAGE_QUIET, "over time    ");
	for (int i = 0; i < columns; i++) {
		int level = level_of(column[i], longest);

		page_put(page, level == LEVELS ? PAGE_UNSURE : PAGE_PLAIN,
			 page->ascii ? ascii_blocks[level] : blocks[level]);
	}
	fputc('\n', page->out);
	units_span(each, p->look.duration_seconds / columns);
	units_span(most, (double)longest / 1e9);
	strbuf_init(&s, text, sizeof(text));
	strbuf_addf(&s,
		    "a column is %s, its height the longest pause: full is %s, each step "
		    "less is half",
		    each, most);
	page_field(page, PAGE_LABEL, NULL, PAGE_QUIET, text);
}
