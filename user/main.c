// SPDX-License-Identifier: Apache-2.0
/*
 * pyleak: what leaks in a running Python process. The command line chooses what to run; everything
 * else is in session/.
 */
#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "session/census.h"
#include "session/doctor.h"
#include "session/gc.h"
#include "session/look.h"
#include "session/options.h"

/* Tables of more than this are mapped: to grow them moves pages, to free them gives them back. Left
 * to itself malloc takes to its heap once some were freed, which keeps their holes. */
#define MAPPED_LEAST (256 << 10)

static FILE *open_output(const struct options *o, struct err *e)
{
	FILE *out = o->output ? fopen(o->output, "w") : stdout;

	if (!out)
		err_set(e, -errno, EXIT_FAILED, "cannot write %s: %s", o->output, strerror(errno));
	return out;
}

/* One process: look, and print. *@leak is set where a leak was found. */
static int run_one(const struct options *o, pid_t pid, FILE *out,
		   const struct format_options *how, struct log *log, bool *leak, struct err *e)
{
	struct census census = { 0 };
	struct report report = { 0 };
	bool heap = o->command == COMMAND_HEAP;
	int err = heap ? census_run(&census, pid, o, log, e) : look_run(&report, pid, o, log, e);

	if (!err) {
		*leak = *leak || report.verdict == VERDICT_LEAK;
		err = heap ? o->format->heap(out, &census, how)
			   : o->format->leaks(out, &report, how);
		if (!err && fflush(out))
			err = -errno;
		if (err)
			err_set(e, err, EXIT_FAILED, "cannot write the report: %s", strerror(-err));
	}
	census_release(&census);
	report_release(&report);
	return err;
}

/* Look at each process in turn and print its report; the first failure is the result, the others'
 * reports come all the same. */
static int run_all(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;
	bool leak = false;
	struct log log;
	int err = 0;

	log_init(&log, stderr, o->level);
	options_format(o, out, &how);
	for (unsigned i = 0; i < o->pid_count; i++) {
		struct err mine = { 0 };
		int failed = run_one(o, o->pids[i], out, &how, &log, &leak, &mine);

		if (failed && !err) {
			err = failed;
			*e = mine;
		} else if (failed) {
			log_warn(&log, "%s", mine.text);
		}
	}
	return err ? err : leak && o->fail_on_leak ? EXIT_LEAK_FOUND : 0;
}

struct screen {
	FILE *out;
	const struct options *options;
};

static void show_pauses(void *arg, const struct pauses *p)
{
	struct screen *screen = arg;
	struct format_options how;

	options_format(screen->options, screen->out, &how);
	fputs("\033[H\033[2J", screen->out);
	screen->options->format->pauses(screen->out, p, &how);
	fflush(screen->out);
}

static int run_gc(const struct options *o, FILE *out, struct err *e)
{
	struct screen screen = { .out = out, .options = o };
	struct format_options how;
	struct pauses p;
	struct log log;
	int err;

	log_init(&log, stderr, o->live ? LOG_QUIET : o->level);
	options_format(o, out, &how);
	err = gc_run(&p, o->pids[0], o, &log, o->live ? show_pauses : NULL, &screen, e);
	if (!err) {
		if (o->live)
			fputs("\033[H\033[2J", out);
		err = o->format->pauses(out, &p, &how);
		if (err)
			err_set(e, err, EXIT_FAILED, "cannot write the report: %s", strerror(-err));
	}
	pauses_release(&p);
	return err;
}

static int run(const struct options *o, struct err *e)
{
	FILE *out;
	int result;

	if (o->command == COMMAND_HELP || o->command == COMMAND_VERSION) {
		(o->command == COMMAND_HELP ? options_help : options_version)(stdout);
		return 0;
	}
	out = open_output(o, e);
	if (!out)
		return -errno;
	if (o->command == COMMAND_DOCTOR) {
		struct format_options how;

		options_format(o, out, &how);
		result = doctor_run(out, o->pid_count ? o->pids[0] : 0, how.color, e);
	} else if (o->command == COMMAND_GC) {
		result = run_gc(o, out, e);
	} else {
		result = run_all(o, out, e);
	}
	if (out != stdout && fclose(out) && !result)
		result = err_set(e, -errno, EXIT_FAILED, "cannot write %s: %s", o->output,
				 strerror(errno));
	return result;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = { 0 };
	int result;

	mallopt(M_MMAP_THRESHOLD, MAPPED_LEAST);
	setlocale(LC_CTYPE, "");
	result = options_parse(&o, argc, argv, &e);
	if (!result)
		result = run(&o, &e);
	options_release(&o);
	if (result >= 0)
		return result;
	fprintf(stderr, "pyleak: %s\n", e.text[0] ? e.text : strerror(-result));
	return e.exit == EXIT_DONE ? EXIT_FAILED : (int)e.exit;
}
