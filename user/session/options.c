// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <argp.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../util/units.h"

#define DURATION_MIN_NS 500000000ULL
#define DURATION_MAX_NS (24 * 3600 * 1000000000ULL)
#define PID_MAX (1L << 22) /* the kernel's own limit, PID_MAX_LIMIT */
#define TOP_DEFAULT 10
#define HINT "; see pyleak --help"

enum option_key {
	KEY_FORMAT = 256,
	KEY_TOP,
	KEY_BUDGET,
	KEY_COLOR,
	KEY_FAIL_ON_LEAK,
	KEY_EXACT,
	KEY_VERSION,
	KEY_MIN_PAUSE,
	KEY_LIVE,
	KEY_BY,
	KEY_DIFF,
};

static const struct argp_option option_list[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "the processes to look at", 1 },
	{ "duration", 'd', "DURATION", 0,
	  "how long to look, such as 500ms, 15s, 2m (default: until the answer is clear, "
	  "at most 15s)",
	  1 },
	{ "output", 'o', "FILE", 0, "write the report there; its suffix chooses the format", 2 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table (default), json or folded", 2 },
	{ "top", KEY_TOP, "N", 0, "print at most N candidates, or rows (default 10; 0: all)", 2 },
	{ "by", KEY_BY, "WHAT", 0,
	  "heap: type, holder, size, module or age (default: type and holder)", 3 },
	{ "diff", KEY_DIFF, "DURATION", 0, "heap: what grew in that time", 3 },
	{ "min-pause", KEY_MIN_PAUSE, "DURATION", 0,
	  "gc: report pauses of at least that long one by one, such as 500us, 5ms", 3 },
	{ "live", KEY_LIVE, NULL, 0, "gc: show the report while watching", 3 },
	{ "color", KEY_COLOR, "WHEN", 0, "auto (default), always or never", 2 },
	{ "budget", KEY_BUDGET, "PERCENT", 0,
	  "of the target's CPU time that the look may cost (default 1)", 3 },
	{ "exact", KEY_EXACT, NULL, 0,
	  "count every allocation and free meanwhile (default: for 10s); the target runs slower",
	  3 },
	{ "fail-on-leak", KEY_FAIL_ON_LEAK, NULL, 0, "exit with 3 where a leak was found", 3 },
	{ "quiet", 'q', NULL, 0, "no warnings, no progress", 4 },
	{ "verbose", 'v', NULL, 0, "say what is being done, and print all that is known", 4 },
	{ "help", 'h', NULL, 0, "print this text", 5 },
	{ "version", KEY_VERSION, NULL, 0, "print the version", 5 },
	{ 0 },
};

static const struct {
	const char *word;
	enum command command;
} commands[] = {
	{ "doctor", COMMAND_DOCTOR },
	{ "gc", COMMAND_GC },
	{ "heap", COMMAND_HEAP },
};

static const char *const later_commands[] = {
	"who", "top", "fds", "ps", "agent", "report", "diff", "check",
};

/* Name, and the end of a file name that stands for it. */
static const char *const later_formats[][2] = {
	{ "speedscope", ".speedscope.json" },
	{ "html", ".html" },
	{ "pprof", ".pb.gz" },
	{ "pprof", ".pprof" },
};

struct parse {
	struct options *o;
	struct err *e;
	const char *format;
	const char *command;
	bool quiet, verbose, by;
};

#define USAGE(p, ...) err_set((p)->e, EINVAL, EXIT_USAGE, __VA_ARGS__)

static int later(struct parse *p, const char *what, const char *name)
{
	return USAGE(p, "%s %s is not part of this version yet" HINT, what, name);
}

/* A whole number of decimal digits and nothing else. */
static int parse_number(const char *text, long max, long *value)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	errno = 0;
	*value = strtol(text, NULL, 10);
	return errno || *value > max ? -EINVAL : 0;
}

static int add_pid(struct parse *p, const char *text)
{
	struct options *o = p->o;
	long pid;

	if (parse_number(text, PID_MAX, &pid) || pid == 0)
		return USAGE(p, "-p: '%s' is not a process id" HINT, text);
	for (unsigned int i = 0; i < o->pid_count; i++)
		if (o->pids[i] == (pid_t)pid)
			return 0;
	if (o->pid_count == OPTIONS_PIDS_MAX)
		return USAGE(p, "-p: more than %d processes; look at them in turn",
			     OPTIONS_PIDS_MAX);
	o->pids[o->pid_count++] = (pid_t)pid;
	return 0;
}

static int add_pids(struct parse *p, const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		char one[24];
		int rc;

		if (len >= sizeof(one))
			return USAGE(p, "-p: '%.40s' is not a process id" HINT, list);
		memcpy(one, list, len);
		one[len] = '\0';
		rc = add_pid(p, one);
		if (rc || !list[len])
			return rc;
		list += len + 1;
	}
}

static int parse_duration(struct parse *p, const char *option, const char *text, uint64_t *ns)
{
	if (units_parse_duration(text, ns))
		return USAGE(p, "%s: '%s' is not a duration; write 500ms, 15s or 2m" HINT, option,
			     text);
	if (*ns < DURATION_MIN_NS || *ns > DURATION_MAX_NS)
		return USAGE(p, "%s: %s is outside of 500ms to 24h" HINT, option, text);
	return 0;
}

static int set_duration(struct parse *p, const char *text)
{
	return parse_duration(p, "-d", text, &p->o->duration_ns);
}

static int set_diff(struct parse *p, const char *text)
{
	return parse_duration(p, "--diff", text, &p->o->diff_ns);
}

static int set_by(struct parse *p, const char *what)
{
	for (int by = 0; by < CENSUS_VIEWS; by++) {
		if (strcmp(what, census_by_name((enum census_by)by)) != 0)
			continue;
		p->o->by = (enum census_by)by;
		p->by = true;
		return 0;
	}
	return USAGE(p, "--by: '%s' is none of type, holder, size, module, age" HINT, what);
}

static int set_min_pause(struct parse *p, const char *text)
{
	if (units_parse_duration(text, &p->o->min_pause_ns))
		return USAGE(p, "--min-pause: '%s' is not a duration; write 500us, 5ms or 1s" HINT,
			     text);
	return 0;
}

static int set_live(struct parse *p, const char *unused)
{
	(void)unused;
	p->o->live = true;
	return 0;
}

static int set_top(struct parse *p, const char *text)
{
	long top;

	if (parse_number(text, 100000, &top))
		return USAGE(p, "--top: '%s' is not a number of candidates" HINT, text);
	p->o->top = (unsigned int)top;
	return 0;
}

static int set_budget(struct parse *p, const char *text)
{
	char *end;
	double percent = strtod(text, &end);

	if (end != text && strcmp(end, "%") == 0)
		end++;
	/* Written so that a NaN is refused as well. */
	if (end == text || *end || !(percent > 0 && percent <= 100))
		return USAGE(p, "--budget: '%s' is not a percentage above 0 and up to 100" HINT,
			     text);
	p->o->budget_percent = percent;
	return 0;
}

static int set_color(struct parse *p, const char *when)
{
	if (strcmp(when, "auto") == 0)
		p->o->color = COLOR_AUTO;
	else if (strcmp(when, "always") == 0)
		p->o->color = COLOR_ALWAYS;
	else if (strcmp(when, "never") == 0)
		p->o->color = COLOR_NEVER;
	else
		return USAGE(p, "--color: '%s' is none of auto, always, never" HINT, when);
	return 0;
}

static int set_output(struct parse *p, const char *path)
{
	if (!*path)
		return USAGE(p, "-o: the file has no name" HINT);
	free(p->o->output);
	p->o->output = strdup(path);
	return p->o->output ? 0 : ENOMEM;
}

/* A word that is no option: the command, the first time. */
static int set_command(struct parse *p, const char *word)
{
	if (p->command)
		return USAGE(p, "'%s' behind the command %s is not understood" HINT, word,
			     p->command);
	for (size_t i = 0; i < sizeof(later_commands) / sizeof(later_commands[0]); i++)
		if (strcmp(word, later_commands[i]) == 0)
			return later(p, "the command", word);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i].word) == 0)
			p->o->command = commands[i].command;
	if (p->o->command == COMMAND_LEAKS) {
		if (strspn(word, "0123456789,") == strlen(word))
			return USAGE(p, "'%s' is not a command; did you mean pyleak -p %s?", word,
				     word);
		return USAGE(p, "'%s' is not a command" HINT, word);
	}
	p->command = word;
	return 0;
}

/* argp told us only that something was wrong; getopt stopped behind it. */
static int unknown_option(struct parse *p, const struct argp_state *state)
{
	int at = state->next > 1 ? state->next - 1 : 1;

	return USAGE(p, "option '%s' is not known, or lacks its value" HINT,
		     at < state->argc ? state->argv[at] : state->argv[state->argc - 1]);
}

static int set_quiet(struct parse *p, const char *unused)
{
	(void)unused;
	p->quiet = true;
	return 0;
}

static int set_verbose(struct parse *p, const char *unused)
{
	(void)unused;
	p->verbose = true;
	return 0;
}

static int set_fail_on_leak(struct parse *p, const char *unused)
{
	(void)unused;
	p->o->fail_on_leak = true;
	return 0;
}

static int set_format(struct parse *p, const char *name)
{
	p->format = name;
	return 0;
}

static int set_exact(struct parse *p, const char *unused)
{
	(void)unused;
	p->o->exact = true;
	return 0;
}

static const struct {
	int key;
	int (*set)(struct parse *p, const char *value);
} setters[] = {
	{ 'p', add_pids },	     { 'd', set_duration },
	{ 'o', set_output },	     { 'q', set_quiet },
	{ 'v', set_verbose },	     { KEY_FORMAT, set_format },
	{ KEY_TOP, set_top },	     { KEY_BUDGET, set_budget },
	{ KEY_COLOR, set_color },    { KEY_FAIL_ON_LEAK, set_fail_on_leak },
	{ KEY_EXACT, set_exact },    { KEY_MIN_PAUSE, set_min_pause },
	{ KEY_BY, set_by },	     { KEY_DIFF, set_diff },
	{ KEY_LIVE, set_live },	     { ARGP_KEY_ARG, set_command },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	for (size_t i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
		if (setters[i].key == key)
			return setters[i].set(p, arg);
	switch (key) {
	case 'h':
	case KEY_VERSION:
		p->o->command = key == 'h' ? COMMAND_HELP : COMMAND_VERSION;
		/* What follows is not looked at. */
		state->next = state->argc;
		return 0;
	case ARGP_KEY_ERROR:
		return unknown_option(p, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_list,
	.parser = parse_option,
	.args_doc = "-p PID[,PID...] [-d DURATION]\nheap -p PID [--diff DURATION] [--by WHAT]\n"
		    "gc -p PID [-d DURATION]\ndoctor [-p PID]",
	.doc = "Find what leaks in a running Python process: who holds it, and the line that "
	       "stores it. The process is "
	       "neither changed nor stopped. heap says what it holds now. gc says how long its "
	       "garbage collections stop it, and why (30 s unless -d says otherwise). doctor says "
	       "what works on this kernel and for this process."
	       "\vExit codes: 0 done, 1 failed, 2 usage, 3 a leak was found (--fail-on-leak), 4 "
	       "the target ended first, "
	       "5 not permitted, 6 not Python, or a Python whose layout could not be verified.",
};

static int choose_format(struct parse *p)
{
	struct options *o = p->o;

	for (size_t i = 0; i < sizeof(later_formats) / sizeof(later_formats[0]); i++) {
		const char *name = later_formats[i][0], *tail = later_formats[i][1];
		size_t len = o->output ? strlen(o->output) : 0;

		if (p->format ? strcmp(p->format, name) == 0
			      : len > strlen(tail) &&
					strcmp(o->output + len - strlen(tail), tail) == 0)
			return later(p, "the format", name);
	}
	if (p->format)
		o->format = format_by_name(p->format);
	else if (o->output)
		o->format = format_by_suffix(o->output);
	if (p->format && !o->format)
		return USAGE(p, "--format: '%s' is none of table, json, folded" HINT, p->format);
	if (!o->format)
		o->format = format_by_name("table");
	if (o->command == COMMAND_HEAP && !o->format->heap)
		return USAGE(p, "the format %s is for leaks only" HINT, o->format->name);
	return 0;
}

static int check_gc(struct parse *p)
{
	const struct options *o = p->o;

	if (o->command == COMMAND_GC && o->pid_count > 1)
		return USAGE(p, "gc watches one process at a time" HINT);
	if (o->command != COMMAND_GC && (o->live || o->min_pause_ns))
		return USAGE(p, "--live and --min-pause belong to the command gc" HINT);
	return 0;
}

static int check_heap(struct parse *p)
{
	const struct options *o = p->o;

	if (o->command != COMMAND_HEAP && (p->by || o->diff_ns))
		return USAGE(p, "%s belongs to the command heap" HINT, p->by ? "--by" : "--diff");
	if (o->command == COMMAND_HEAP && o->duration_ns)
		return USAGE(p, "-d: heap looks once; use --diff to see what grows" HINT);
	if (o->by == CENSUS_AGE && !o->diff_ns)
		return USAGE(p, "--by age needs --diff: age is told by looking again" HINT);
	return 0;
}

static int check_whole(struct parse *p)
{
	struct options *o = p->o;

	if (p->quiet && p->verbose)
		return USAGE(p, "-q and -v contradict each other" HINT);
	o->level = p->quiet ? LOG_QUIET : p->verbose ? LOG_VERBOSE : LOG_NORMAL;
	if (o->command <= COMMAND_HEAP && o->command != COMMAND_DOCTOR && !o->pid_count)
		return USAGE(p, "no process was named; use -p PID" HINT);
	if (check_gc(p) || check_heap(p))
		return EINVAL;
	return choose_format(p);
}

int options_parse(struct options *o, int argc, char **argv, struct err *e)
{
	struct parse p = { .o = o, .e = e };
	int rc;

	*o = (struct options){ .top = TOP_DEFAULT, .budget_percent = 1, .by = CENSUS_DEFAULT };
	rc = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, &p);
	if (!rc && (o->command == COMMAND_HELP || o->command == COMMAND_VERSION))
		return 0;
	if (!rc)
		rc = check_whole(&p);
	if (rc == ENOMEM)
		err_set(e, ENOMEM, EXIT_FAILED, "no memory for the command line");
	return -rc;
}

void options_release(struct options *o)
{
	free(o->output);
	o->output = NULL;
}

/*
 * Asked of a locale of its own, so that the program's own stays "C", and numbers are written with a
 * point.
 */
static bool locale_is_ascii(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool ascii = true;

	if (locale) {
		ascii = strcasecmp(nl_langinfo_l(CODESET, locale), "UTF-8") != 0;
		freelocale(locale);
	}
	return ascii;
}

static bool terminal_has_color(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return term && strcmp(term, "dumb") != 0 && !(no_color && *no_color);
}

void options_format(const struct options *o, FILE *out, struct format_options *how)
{
	struct winsize size;
	int fd = fileno(out);
	bool terminal = fd >= 0 && isatty(fd);

	*how = (struct format_options){
		.top = o->top,
		.verbose = o->level == LOG_VERBOSE,
		.ascii = locale_is_ascii(),
	};
	if (terminal && ioctl(fd, TIOCGWINSZ, &size) == 0)
		how->width = size.ws_col;
	how->color = o->color == COLOR_ALWAYS ||
		     (o->color == COLOR_AUTO && terminal && terminal_has_color());
}

void options_help(FILE *out)
{
	argp_help(&argp, out, ARGP_HELP_STD_HELP & ~(unsigned int)ARGP_HELP_EXIT_OK, "pyleak");
}

void options_version(FILE *out)
{
	fprintf(out, "pyleak %s\n", PYLEAK_VERSION);
}
