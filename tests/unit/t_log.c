// SPDX-License-Identifier: Apache-2.0
/*
 * Warnings and progress, on a file and on a terminal.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/util/log.h"

static void say_everything(struct log *l)
{
	log_progress(l, "walk %d", 1);
	log_detail(l, "a detail");
	log_progress(l, "walk %d", 2);
	log_warn(l, "a %s", "warning");
	log_progress_end(l);
}

static void check_file(enum log_level level, const char *want)
{
	FILE *out = tmpfile();
	char text[256];
	struct log l;
	size_t len;

	assert_non_null(out);
	log_init(&l, out, level);
	say_everything(&l);
	rewind(out);
	len = fread(text, 1, sizeof(text) - 1, out);
	text[len] = '\0';
	assert_string_equal(text, want);
	fclose(out);
}

static void a_file_gets_no_progress(void **state)
{
	(void)state;
	check_file(LOG_QUIET, "");
	check_file(LOG_NORMAL, "pyleak: a warning\n");
	check_file(LOG_VERBOSE, "pyleak: a detail\npyleak: a warning\n");
}

/* A terminal of 10 columns that passes bytes on as they are. */
static FILE *open_terminal(int *master)
{
	struct winsize size = { .ws_col = 10, .ws_row = 5 };
	struct termios raw;
	FILE *out;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	if (*master < 0 || grantpt(*master) || unlockpt(*master))
		return NULL;
	out = fopen(ptsname(*master), "r+");
	if (!out || tcgetattr(fileno(out), &raw))
		return NULL;
	cfmakeraw(&raw);
	tcsetattr(fileno(out), TCSANOW, &raw);
	ioctl(fileno(out), TIOCSWINSZ, &size);
	return out;
}

/* The kernel hands on what was written in pieces, and in its own time. */
static void expect_bytes(int master, const char *want)
{
	struct pollfd ready = { .fd = master, .events = POLLIN };
	char text[256];
	size_t len = 0;

	while (len < strlen(want) && poll(&ready, 1, 5000) == 1) {
		ssize_t n = read(master, text + len, sizeof(text) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	text[len] = '\0';
	assert_string_equal(text, want);
}

static void a_terminal_shows_one_line_that_is_rewritten(void **state)
{
	struct log l;
	int master;
	FILE *out = open_terminal(&master);

	(void)state;
	assert_non_null(out);
	log_init(&l, out, LOG_NORMAL);
	assert_true(l.terminal);
	say_everything(&l);
	log_progress(&l, "0123456789abc");
	log_progress_end(&l);
	log_progress_end(&l);
	log_warn(&l, "end");
	expect_bytes(master, "\r\033[Kwalk 1\r\033[Kwalk 2\r\033[Kpyleak: a warning\n"
			     "\r\033[K012345678\r\033[Kpyleak: end\n");
	fclose(out);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_no_progress),
		cmocka_unit_test(a_terminal_shows_one_line_that_is_rewritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
