// SPDX-License-Identifier: Apache-2.0
/*
 * An error with the text a person needs: what was looked at, and what to do about it.
 *
 * Functions whose failure needs explaining take a `struct err *` and return 0 or a negative errno;
 * they fill the struct exactly once, where the failure is understood. main() alone prints it and
 * exits with its code.
 */
#ifndef PYLEAK_UTIL_ERR_H
#define PYLEAK_UTIL_ERR_H

/* Exit codes other programs rely on; docs/pyleak.8 lists them. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LEAK_FOUND = 3,
	EXIT_TARGET_GONE = 4,
	EXIT_NOT_PERMITTED = 5,
	EXIT_NOT_PYTHON = 6,
};

struct err {
	enum exit_code exit; /* EXIT_DONE while nothing was set */
	char text[768]; /* one or two sentences, no newline at the end; "" while nothing was set */
};

/*
 * Fill @e (NULL is allowed) and return @rc, so that a caller may `return err_set(e, -ESRCH,
 * EXIT_FAILED, "...")`. A text that was set before stays: the first, deepest explanation is the
 * best one.
 */
int err_set(struct err *e, int rc, enum exit_code exit, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
