// SPDX-License-Identifier: Apache-2.0
#include "print.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

void print_options(const struct options *o, FILE *out, struct format_options *how)
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

int print_end(FILE *out, int rc, struct err *e)
{
	if (!rc && fflush(out))
		rc = -errno;
	if (rc)
		err_set(e, rc, EXIT_FAILED, "cannot write the report: %s", strerror(-rc));
	return rc;
}
