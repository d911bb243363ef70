// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../output/who_graph.h"
#include "../session/who.h"
#include "command.h"
#include "print.h"

extern char **environ;

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && strcmp(text + len - tail, end) == 0;
}

/* graphviz draws it: its program is asked when it is needed, and by nothing else. */
static int start_dot(const char *path, pid_t *child, FILE **to, struct err *e)
{
	char *const argv[] = { "dot", "-Tsvg", "-o", (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	int end[2], rc;

	if (pipe2(end, O_CLOEXEC))
		return err_set(e, -errno, EXIT_FAILED, "cannot draw %s: %s", path, strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, end[0], STDIN_FILENO);
	rc = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(end[0]);
	*to = rc ? NULL : fdopen(end[1], "w");
	if (*to)
		return 0;
	close(end[1]);
	return err_set(e, -(rc ? rc : ENOMEM), EXIT_FAILED,
		       "cannot draw %s: graphviz's program dot is not there; install graphviz, or "
		       "write the graph as text: --graph FILE.dot",
		       path);
}

static int end_dot(const char *path, pid_t child, struct err *e)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? 0
		       : err_set(e, -EIO, EXIT_FAILED, "graphviz's dot could not draw %s", path);
}

static int draw(const char *path, const struct who *w, struct err *e)
{
	bool svg = ends_with(path, ".svg");
	pid_t child = 0;
	FILE *to = NULL;
	int rc = 0;

	if (svg)
		rc = start_dot(path, &child, &to, e);
	else if (!(to = fopen(path, "w")))
		rc = err_set(e, -errno, EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	if (rc)
		return rc;
	rc = who_graph(to, w);
	if (fclose(to) && !rc)
		rc = -errno;
	if (svg)
		return end_dot(path, child, e);
	return rc ? err_set(e, rc, EXIT_FAILED, "cannot write %s: %s", path, strerror(-rc)) : 0;
}

static int run(const struct options *o, FILE *out, struct err *e)
{
	struct format_options how;
	struct log log;
	struct who who;
	int rc;

	log_init(&log, stderr, o->level);
	rc = who_run(&who, o->pids[0], o, &log, e);
	if (!rc) {
		print_options(o, out, &how);
		rc = print_end(out, o->format->who(out, &who, &how), e);
	}
	if (!rc && o->graph)
		rc = draw(o->graph, &who, e);
	who_release(&who);
	return rc;
}

static int check(const struct options *o, struct err *e)
{
	if (!o->type == !o->address)
		return command_refuse(e, "who needs either --type NAME or --address A");
	if (o->graph && !ends_with(o->graph, ".svg") && !ends_with(o->graph, ".dot"))
		return command_refuse(e, "--graph: '%s' ends neither in .svg nor in .dot",
				      o->graph);
	return 0;
}

static bool prints(const struct format *format)
{
	return format->who;
}

const struct command command_who = {
	.word = "who",
	.usage = "who -p PID --type NAME|--address A [--graph FILE]",
	.about = "who holds objects of a type, or one object: paths from a root",
	.pids = PIDS_ONE,
	.options = { "type", "address", "graph", "values" },
	.check = check,
	.prints = prints,
	.run = run,
};
