// SPDX-License-Identifier: Apache-2.0
#include "option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/units.h"
#include "command.h"

#define DURATION_MIN_NS 500000000ULL
#define DURATION_MAX_NS (24 * 3600 * 1000000000ULL)
#define PID_MAX (1L << 22) /* the kernel's own limit, PID_MAX_LIMIT */

/* A whole number of decimal digits and nothing else. */
static int parse_number(const char *text, long max, long *value)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	errno = 0;
	*value = strtol(text, NULL, 10);
	return errno || *value > max ? -EINVAL : 0;
}

static int add_pid(struct options *o, const char *text, struct err *e)
{
	long pid;

	if (parse_number(text, PID_MAX, &pid) || pid == 0)
		return command_refuse(e, "-p: '%s' is not a process id", text);
	for (unsigned int i = 0; i < o->pid_count; i++)
		if (o->pids[i] == (pid_t)pid)
			return 0;
	if (o->pid_count == OPTIONS_PIDS_MAX)
		return command_refuse(e, "-p: more than %d processes; look at them in turn",
				      OPTIONS_PIDS_MAX);
	o->pids[o->pid_count++] = (pid_t)pid;
	return 0;
}

static int add_pids(struct options *o, const char *list, struct err *e)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		char one[24];
		int rc;

		if (len >= sizeof(one))
			return command_refuse(e, "-p: '%.40s' is not a process id", list);
		memcpy(one, list, len);
		one[len] = '\0';
		rc = add_pid(o, one, e);
		if (rc || !list[len])
			return rc;
		list += len + 1;
	}
}

static int parse_duration(const char *option, const char *text, uint64_t *ns, struct err *e)
{
	if (units_parse_duration(text, ns))
		return command_refuse(e, "%s: '%s' is not a duration; write 500ms, 15s or 2m",
				      option, text);
	if (*ns < DURATION_MIN_NS || *ns > DURATION_MAX_NS)
		return command_refuse(e, "%s: %s is outside of 500ms to 24h", option, text);
	return 0;
}

static int set_duration(struct options *o, const char *text, struct err *e)
{
	return parse_duration("-d", text, &o->duration_ns, e);
}

static int set_diff(struct options *o, const char *text, struct err *e)
{
	return parse_duration("--diff", text, &o->diff_ns, e);
}

static int set_by(struct options *o, const char *what, struct err *e)
{
	for (int by = TRAILS_BY_SERVICE; by < TRAILS_BYS; by++) {
		if (strcmp(what, trails_by_name((enum trails_by)by)) != 0)
			continue;
		o->trails_by = (enum trails_by)by;
		return 0;
	}
	for (int by = 0; by < CENSUS_VIEWS; by++) {
		if (strcmp(what, census_by_name((enum census_by)by)) != 0)
			continue;
		o->by = (enum census_by)by;
		return 0;
	}
	return command_refuse(e,
			      "--by: '%s' is none of type, holder, size, module, age; of a report "
			      "none of service, release, site",
			      what);
}

static int set_min_pause(struct options *o, const char *text, struct err *e)
{
	if (units_parse_duration(text, &o->min_pause_ns))
		return command_refuse(
			e, "--min-pause: '%s' is not a duration; write 500us, 5ms or 1s", text);
	return 0;
}

static int set_top(struct options *o, const char *text, struct err *e)
{
	long top;

	if (parse_number(text, 100000, &top))
		return command_refuse(e, "--top: '%s' is not a number of rows", text);
	o->top = (unsigned int)top;
	return 0;
}

static int set_budget(struct options *o, const char *text, struct err *e)
{
	char *end;
	double percent = strtod(text, &end);

	if (end != text && strcmp(end, "%") == 0)
		end++;
	/* Written so that a NaN is refused as well. */
	if (end == text || *end || !(percent > 0 && percent <= 100))
		return command_refuse(e, "--budget: '%s' is not a percentage above 0 and up to 100",
				      text);
	o->budget_percent = percent;
	return 0;
}

static int set_color(struct options *o, const char *when, struct err *e)
{
	if (strcmp(when, "auto") == 0)
		o->color = COLOR_AUTO;
	else if (strcmp(when, "always") == 0)
		o->color = COLOR_ALWAYS;
	else if (strcmp(when, "never") == 0)
		o->color = COLOR_NEVER;
	else
		return command_refuse(e, "--color: '%s' is none of auto, always, never", when);
	return 0;
}

static int set_output(struct options *o, const char *path, struct err *e)
{
	if (!*path)
		return command_refuse(e, "-o: the file has no name");
	o->output = path;
	return 0;
}

static int set_format(struct options *o, const char *name, struct err *e)
{
	o->format = format_by_name(name);
	return o->format ? 0 : command_refuse(e, "--format: '%s' is not a format", name);
}

static int set_quiet(struct options *o, const char *unused, struct err *e)
{
	(void)unused;
	if (o->level == LOG_VERBOSE)
		return command_refuse(e, "-q and -v contradict each other");
	o->level = LOG_QUIET;
	return 0;
}

static int set_verbose(struct options *o, const char *unused, struct err *e)
{
	(void)unused;
	if (o->level == LOG_QUIET)
		return command_refuse(e, "-q and -v contradict each other");
	o->level = LOG_VERBOSE;
	return 0;
}

static int set_type(struct options *o, const char *name, struct err *e)
{
	if (!*name)
		return command_refuse(e, "--type: the type has no name");
	o->type = name;
	return 0;
}

static int set_address(struct options *o, const char *text, struct err *e)
{
	char *end;

	errno = 0;
	o->address = strtoull(text, &end, 0);
	if (*text == '-' || end == text || *end || errno || !o->address)
		return command_refuse(e, "--address: '%s' is not an address, such as id() gives",
				      text);
	return 0;
}

static int set_since(struct options *o, const char *text, struct err *e)
{
	if (units_parse_duration(text, &o->since_ns) || !o->since_ns)
		return command_refuse(e, "--since: '%s' is not a duration; write 90m, 24h", text);
	return 0;
}

#define KEPT(field) .kept_at = offsetof(struct options, field)

int option_take(const struct option_row *row, struct options *o, const char *value, struct err *e)
{
	char *field = (char *)o + row->kept_at;

	if (row->set)
		return row->set(o, value, e);
	if (row->value)
		*(const char **)(void *)field = value;
	else
		*(bool *)field = true;
	return 0;
}

const struct option_row option_rows[] = {
	{ "pid", 'p', true, "PID[,PID...]", "the processes to look at", GROUP_WHAT,
	  .set = add_pids },
	{ "duration", 'd', false, "DURATION",
	  "how long to look, such as 500ms, 15s, 2m (default: until the answer is clear, at most "
	  "15s)",
	  GROUP_WHAT, .set = set_duration },
	{ "output", 'o', true, "FILE", "write the report there; its suffix chooses the format",
	  GROUP_REPORT, .set = set_output },
	{ "format", 0, true, "FORMAT", "table (default), json, folded or pprof", GROUP_REPORT,
	  .set = set_format },
	{ "top", 0, true, "N", "print at most N candidates, or rows (default 10; 0: all)",
	  GROUP_REPORT, .set = set_top },
	{ "color", 0, true, "WHEN", "auto (default), always or never", GROUP_REPORT,
	  .set = set_color },
	{ "by", 0, false, "WHAT",
	  "heap: type, holder, size, module or age (default: type and holder); report --since: "
	  "service, release or site (default: each finding)",
	  GROUP_LOOK, .set = set_by },
	{ "diff", 0, false, "DURATION", "heap: what grew in that time", GROUP_LOOK,
	  .set = set_diff },
	{ "type", 0, false, "NAME", "who: objects of that type, such as app.models.Order",
	  GROUP_LOOK, .set = set_type },
	{ "address", 0, false, "A", "who: the object at that address, which is what id() gives",
	  GROUP_LOOK, .set = set_address },
	{ "graph", 0, false, "FILE",
	  "who: draw it, too: .svg (needs graphviz's dot) or .dot, its text", GROUP_LOOK,
	  KEPT(graph) },
	{ "values", 0, false, NULL, "who: show keys and indexes that are data, of one path each",
	  GROUP_LOOK, KEPT(values) },
	{ "min-pause", 0, false, "DURATION",
	  "gc: report pauses of at least that long one by one, such as 500us, 5ms", GROUP_LOOK,
	  .set = set_min_pause },
	{ "live", 0, false, NULL, "gc: show the report while watching", GROUP_LOOK, KEPT(live) },
	{ "types", 0, false, NULL, "gc: sample of which types the garbage is, inside --budget",
	  GROUP_LOOK, KEPT(types) },
	{ "budget", 0, true, "PERCENT",
	  "of the target's CPU time that the look may cost (default 1)", GROUP_LOOK,
	  .set = set_budget },
	{ "exact", 0, false, NULL,
	  "count every allocation and free meanwhile (default: for 10s); the target runs slower",
	  GROUP_LOOK, KEPT(exact) },
	{ "redirect", 0, false, NULL,
	  "with --exact: see all on builds that inline their allocator, too. WRITES to the "
	  "process: its allocator tables, while it is stopped for about a millisecond, and back at "
	  "the end; it runs the same code, about 5 % slower, and the probes on top",
	  GROUP_LOOK, KEPT(redirect) },
	{ "repair", 0, false, NULL,
	  "doctor: put back what a killed pyleak --redirect left in the process", GROUP_LOOK,
	  KEPT(repair) },
	{ "fail-on-leak", 0, false, NULL, "exit with 3 where a leak was found", GROUP_LOOK,
	  KEPT(fail_on_leak) },
	{ "since", 0, false, "DURATION", "report: what was found in the last 24h, or 90m",
	  GROUP_LOOK, .set = set_since },
	{ "service", 0, false, "NAME", "report: of that service only", GROUP_LOOK,
	  KEPT(wanted.service) },
	{ "release", 0, false, "NAME", "report: of that release only", GROUP_LOOK,
	  KEPT(wanted.release) },
	{ "site", 0, false, "TEXT",
	  "report: where TEXT is in \"FILE:LINE in FUNCTION\" or in the holder's path", GROUP_LOOK,
	  KEPT(wanted.site) },
	{ "config", 0, false, "FILE", "agent: read that instead of /etc/pyleak/agent.conf",
	  GROUP_LOOK, KEPT(config) },
	{ "check-config", 0, false, NULL, "agent: print what the configuration comes to, and end",
	  GROUP_LOOK, KEPT(check_config) },
	{ "quiet", 'q', true, NULL, "no warnings, no progress", GROUP_TALK, .set = set_quiet },
	{ "verbose", 'v', true, NULL, "say what is being done, and print all that is known",
	  GROUP_TALK, .set = set_verbose },
	{ 0 },
};
