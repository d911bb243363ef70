// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "../rank/changes.h"
#include "../saved/saved.h"
#include "command.h"
#include "print.h"

static int read_leaks(struct saved *s, const char *path, struct err *e)
{
	int rc = saved_read(s, path, e);

	if (!rc && s->kind != SAVED_LEAKS)
		rc = err_set(e, -EINVAL, EXIT_FAILED, "%s is no leak report (pyleak.report/1)",
			     path);
	return rc;
}

static int compare(const struct options *o, const struct saved *before, const struct saved *after,
		   FILE *out, struct err *e)
{
	struct format_options how;
	struct changes changes;
	int rc = changes_find(&changes, &before->leaks, &after->leaks);

	print_options(o, out, &how);
	rc = print_end(out, rc ? rc : o->format->changes(out, &changes, &how), e);
	if (!rc && o->fail_on_leak && changes.kinds[CHANGE_NEW] + changes.kinds[CHANGE_FASTER])
		rc = EXIT_LEAK_FOUND;
	changes_release(&changes);
	return rc;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct saved before, after;
	int rc = read_leaks(&before, o->words[0], e);

	if (rc) {
		saved_release(&before);
		return rc;
	}
	rc = read_leaks(&after, o->words[1], e);
	if (!rc)
		rc = compare(o, &before, &after, out, e);
	saved_release(&before);
	saved_release(&after);
	return rc;
}

static bool prints(const struct format *format)
{
	return format->changes;
}

const struct command command_diff = {
	.word = "diff",
	.usage = "diff BEFORE AFTER",
	.about = "what changed between two saved leak reports",
	.pids = PIDS_NONE,
	.words_least = 2,
	.words_most = 2,
	.options = { "fail-on-leak" },
	.prints = prints,
	.run = run,
};
