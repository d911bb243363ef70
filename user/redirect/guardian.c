// SPDX-License-Identifier: Apache-2.0
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore.h"

#define NAME "pyleak-guardian"

static void ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &ignore, NULL);
}

/* Links to probes among them, which must end when we do. */
static void close_all_but(int keep)
{
	if (keep > 0)
		syscall(SYS_close_range, 0, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0u, 0);
}

static void serve(int pipe, const struct slots *s, const struct family *f)
{
	struct restored restored = { 0 };
	bool redirected = false;
	char word;
	ssize_t n;

	while ((n = read(pipe, &word, 1)) > 0 || (n < 0 && errno == EINTR))
		redirected = n > 0 ? word : redirected;
	if (redirected)
		restore_family(s, f, &restored);
}

int guardian_start(struct guardian *g, const struct slots *s, const struct family *f)
{
	int end[2];

	*g = (struct guardian){ .pid = -1, .pipe = -1 };
	if (pipe2(end, O_CLOEXEC))
		return -errno;
	g->pid = fork();
	if (g->pid < 0) {
		int rc = -errno;

		close(end[0]);
		close(end[1]);
		return rc;
	}
	if (g->pid == 0) {
		setsid();
		ignore_signals();
		close_all_but(end[0]);
		prctl(PR_SET_NAME, NAME);
		serve(end[0], s, f);
		_exit(0);
	}
	close(end[0]);
	g->pipe = end[1];
	return 0;
}

int guardian_tell(struct guardian *g, bool redirected)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	char word = redirected;
	ssize_t n;

	sigaction(SIGPIPE, &ignore, &before);
	n = write(g->pipe, &word, 1);
	sigaction(SIGPIPE, &before, NULL);
	return n == 1 ? 0 : n < 0 ? -errno : -EIO;
}

void guardian_end(struct guardian *g)
{
	if (g->pipe >= 0)
		close(g->pipe);
	if (g->pid > 0)
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	*g = (struct guardian){ .pid = -1, .pipe = -1 };
}
