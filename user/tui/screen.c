// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <errno.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../output/page.h"
#include "../output/table.h"
#include "../util/clock.h"
#include "../util/strbuf.h"
#include "../util/units.h"

#define KEY_WAIT_MS 200
#define HEAD 4		 /* lines above the rows */
#define ROWS_SHARE 2	 /* rows take at most one of so many lines, the details the rest */
#define LINE_BYTES 1024
#define BARS 8 /* heights of a bar, the lowest for no growth */

enum { COLORS_BAD = 1, COLORS_GOOD, COLORS_UNSURE };

int screen_open(struct screen *s, const struct format_options *how)
{
	*s = (struct screen){ .how = *how };
	s->how.color = false; /* what is drawn is not what a terminal is told in line */
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !initscr())
		return -ENODEV;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout(KEY_WAIT_MS);
	s->color = how->color && has_colors() && start_color() == OK && use_default_colors() == OK;
	if (s->color) {
		init_pair(COLORS_BAD, COLOR_RED, -1);
		init_pair(COLORS_GOOD, COLOR_GREEN, -1);
		init_pair(COLORS_UNSURE, COLOR_YELLOW, -1);
	}
	return 0;
}

void screen_close(struct screen *s)
{
	(void)s;
	endwin();
}

static attr_t verdict_look(const struct screen *s, enum verdict v)
{
	if (!s->color)
		return A_BOLD;
	switch (v) {
	case VERDICT_LEAK:
	case VERDICT_NATIVE:
	case VERDICT_REFCOUNT:
	case VERDICT_RESOURCE:
		return A_BOLD | COLOR_PAIR(COLORS_BAD);
	case VERDICT_NO_GROWTH:
	case VERDICT_CACHE:
	case VERDICT_WARM_UP:
		return COLOR_PAIR(COLORS_GOOD);
	default:
		return COLOR_PAIR(COLORS_UNSURE);
	}
}

/* A line of text from column @x on, made clean and cut to the screen. */
static void put(const struct screen *s, int y, int x, attr_t look, const char *text)
{
	char line[LINE_BYTES];
	struct strbuf copy;
	struct page page;

	if (y >= LINES || x >= COLS)
		return;
	page_init(&page, NULL, &s->how);
	strbuf_init(&copy, line, sizeof(line));
	strbuf_add(&copy, text);
	page_clean(&page, line, sizeof(line));
	page_cut(&page, line, COLS - x);
	attron(look);
	mvaddstr(y, x, line);
	attroff(look);
}

/* The latest rounds' rates as bars, the latest one last. */
static void bars(const struct screen *s, const struct rounds_row *row, uint32_t done, char *out,
		 size_t cap)
{
	static const char ascii[BARS + 1] = "_.,-=+*#";
	uint32_t first = done >= ROUNDS_RATES ? done - ROUNDS_RATES + 1 : 1;
	double most = 0;
	struct strbuf text;

	strbuf_init(&text, out, cap);
	for (uint32_t round = first; round <= done; round++)
		if (row->rate[round % ROUNDS_RATES] > most)
			most = row->rate[round % ROUNDS_RATES];
	for (uint32_t round = first; round <= done; round++) {
		double rate = row->rate[round % ROUNDS_RATES];
		int height = most > 0 && rate > 0 ? (int)(rate / most * (BARS - 1) + 0.5) : 0;

		if (s->how.ascii)
			strbuf_addf(&text, "%c", ascii[height]);
		else
			strbuf_addf(&text, "\xe2\x96%c", 0x81 + height); /* U+2581 and on */
	}
}

static void draw_head(const struct screen *s, const struct rounds *r)
{
	const struct report *report = &r->report;
	char text[LINE_BYTES], one[UNITS_TEXT], two[UNITS_TEXT], three[UNITS_TEXT];
	struct strbuf line;

	strbuf_init(&line, text, sizeof(text));
	strbuf_addf(&line, "pid %d", (int)r->pid);
	if (r->done)
		strbuf_addf(&line, " %s, Python %s: ", report->comm, report->python);
	put(s, 0, 0, A_BOLD, text);
	if (r->done)
		put(s, 0, page_columns(text), verdict_look(s, report->verdict),
		    verdict_name(report->verdict));
	strbuf_truncate(&line, 0);
	units_duration(one, (double)(clock_ns() - r->began_ns) / 1e9);
	if (r->ended)
		strbuf_addf(&line, "%s", r->error.text[0] ? r->error.text : "ended");
	else
		strbuf_addf(&line, "round %u, looking for %s", r->done + 1, one);
	put(s, 1, 0, A_DIM, text);
	if (!r->done || report->after.rss == UNKNOWN || r->rss_first == UNKNOWN)
		return;
	strbuf_truncate(&line, 0);
	units_bytes(one, r->rss_first);
	units_bytes(two, report->after.rss);
	units_duration(three, (double)(clock_ns() - r->first_ns) / 1e9);
	strbuf_addf(&line, "RSS %s " ARROW " %s in %s;  the latest look cost it %.2f %% of its CPU",
		    one, two, three, report->cost.target_cpu_percent);
	put(s, 2, 0, A_NORMAL, text);
}

static void draw_row(const struct screen *s, const struct rounds *r, unsigned i, int y)
{
	const struct rounds_row *row = &r->row[i];
	const struct candidate *c = &row->candidate;
	bool now = row->round == r->done;
	char text[LINE_BYTES], rate[UNITS_TEXT], grown[UNITS_TEXT], chart[4 * ROUNDS_RATES + 1];
	struct strbuf line;
	attr_t look = (i == s->chosen ? A_REVERSE : 0) | (now ? 0 : A_DIM);

	units_byte_rate(rate, now ? c->bytes_per_second : 0);
	units_bytes(grown, (int64_t)row->grown_bytes);
	bars(s, row, r->done, chart, sizeof(chart));
	strbuf_init(&line, text, sizeof(text));
	strbuf_addf(&line, " %-13s", verdict_name(c->verdict));
	put(s, y, 0, look | verdict_look(s, c->verdict), text);
	strbuf_truncate(&line, 0);
	strbuf_addf(&line, "%13s %12s  %s%*s  %s", rate, grown, chart,
		    ROUNDS_RATES - page_columns(chart), "",
		    c->held_by[0] ? c->held_by : "memory that no Python object holds");
	put(s, y, 14, look, text);
}

/* What the table says of a candidate, from line @scrolled on. */
static void draw_details(const struct screen *s, const struct rounds *r, int y)
{
	struct format_options how = s->how;
	char *text = NULL, *save, *line;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	unsigned skip = s->scrolled;

	if (!out)
		return;
	how.width = COLS > 40 ? COLS : 40;
	table_candidate(out, &r->report, &r->row[s->chosen].candidate, &how);
	fclose(out);
	for (line = strtok_r(text, "\n", &save); line && y < LINES - 1;
	     line = strtok_r(NULL, "\n", &save))
		if (skip)
			skip--;
		else
			put(s, y++, 0, A_NORMAL, line);
	free(text);
}

void screen_draw(struct screen *s, const struct rounds *r)
{
	unsigned room = LINES > HEAD ? (unsigned)(LINES - HEAD) / ROWS_SHARE : 0, first, shown;

	erase();
	draw_head(s, r);
	if (s->chosen >= r->rows)
		s->chosen = r->rows ? r->rows - 1 : 0;
	shown = r->rows < room ? r->rows : room;
	first = s->chosen >= shown ? s->chosen - shown + (shown > 0) : 0;
	put(s, HEAD - 1, 0, A_UNDERLINE,
	    " verdict             growth  since start  latest            holder");
	for (unsigned i = 0; i < shown; i++)
		draw_row(s, r, first + i, HEAD + (int)i);
	if (shown)
		draw_details(s, r, HEAD + (int)shown + 1);
	else
		put(s, HEAD + 1, 1, A_NORMAL,
		    r->done ? "nothing grows as far as these looks saw" : "the first look runs");
	put(s, LINES - 1, 0, A_DIM, "q quit   up, down: choose   PgUp, PgDn: scroll the details");
	refresh();
}

enum screen_key screen_key(struct screen *s, unsigned rows)
{
	switch (getch()) {
	case 'q':
		return SCREEN_QUIT;
	case KEY_UP:
	case 'k':
		s->chosen -= s->chosen > 0;
		s->scrolled = 0;
		break;
	case KEY_DOWN:
	case 'j':
		s->chosen += s->chosen + 1 < rows;
		s->scrolled = 0;
		break;
	case KEY_NPAGE:
		s->scrolled += 4;
		break;
	case KEY_PPAGE:
		s->scrolled = s->scrolled > 4 ? s->scrolled - 4 : 0;
		break;
	default:
		break;
	}
	return SCREEN_NOTHING;
}
