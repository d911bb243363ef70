// SPDX-License-Identifier: Apache-2.0
/*
 * Reports of the past: one that was saved, or what the agent of this machine kept.
 */
#include <errno.h>

#include "../agent/config.h"
#include "../history/history.h"
#include "../saved/saved.h"
#include "command.h"
#include "print.h"

static int print_saved(const struct options *o, const struct saved *s, FILE *out, struct err *e)
{
	struct format_options how;
	bool pauses = s->kind == SAVED_PAUSES;

	print_options(o, out, &how);
	if (pauses && !o->format->pauses)
		return err_set(e, -EINVAL, EXIT_USAGE, "the format %s does not print collections",
			       o->format->name);
	return print_end(out,
			 pauses ? o->format->pauses(out, &s->pauses, &how)
				: o->format->leaks(out, &s->leaks, &how),
			 e);
}

static int run_saved(const struct options *o, FILE *out, struct err *e)
{
	struct saved saved;
	int rc = saved_read(&saved, o->words[0], e);

	if (!rc)
		rc = print_saved(o, &saved, out, e);
	if (!rc && o->fail_on_leak && saved.leaks.verdict == VERDICT_LEAK)
		rc = EXIT_LEAK_FOUND;
	saved_release(&saved);
	return rc;
}

/* The history that the agent's configuration names. */
static int run_history(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;
	struct trails found = { 0 };
	struct config config;
	int rc = config_read(&config, o->config, e);

	if (!rc)
		rc = history_read(&found, config.history.path, o->since_ns, e);
	if (!rc) {
		trails_keep(&found, &o->wanted);
		rc = trails_group(&found, o->trails_by);
	}
	if (!rc) {
		print_options(o, out, &how);
		rc = print_end(out, o->format->trails(out, &found, &how), e);
	}
	trails_release(&found);
	return rc;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	return o->word_count ? run_saved(o, out, e) : run_history(o, out, e);
}

static bool selects(const struct options *o)
{
	return o->trails_by || o->wanted.service || o->wanted.release || o->wanted.site;
}

static int check(const struct options *o, struct err *e)
{
	if (!o->word_count == !o->since_ns)
		return command_refuse(e, "report needs a file, or --since, such as --since 24h");
	if (o->word_count && selects(o))
		return command_refuse(e, "--by, --service, --release and --site need --since");
	if (o->by != CENSUS_DEFAULT)
		return command_refuse(e, "--by %s is for heap", census_by_name(o->by));
	if (o->word_count ? !o->format->leaks : !o->format->trails)
		return command_refuse(e, "the format %s does not print that", o->format->name);
	return 0;
}

static bool prints(const struct format *format)
{
	return format->leaks || format->trails;
}

const struct command command_report = {
	.word = "report",
	.usage = "report [FILE] [--since DURATION [--by WHAT]] [--config FILE]",
	.about = "a report that was saved as JSON, or what this machine's agent found",
	.pids = PIDS_NONE,
	.words_most = 1,
	.options = { "since", "by", "service", "release", "site", "config", "fail-on-leak" },
	.prints = prints,
	.check = check,
	.run = run,
};
