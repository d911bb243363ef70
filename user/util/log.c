// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define ERASE_LINE "\r\033[K"

void log_init(struct log *l, FILE *out, enum log_level level)
{
	struct winsize size;
	int fd = fileno(out);

	*l = (struct log){ .out = out, .level = level, .width = WIDTH_DEFAULT };
	l->terminal = fd >= 0 && isatty(fd);
	if (l->terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		l->width = size.ws_col;
}

static void print_line(struct log *l, const char *fmt, va_list ap)
{
	log_progress_end(l);
	fputs("pyleak: ", l->out);
	vfprintf(l->out, fmt, ap);
	fputc('\n', l->out);
	fflush(l->out);
}

void log_warn(struct log *l, const char *fmt, ...)
{
	va_list ap;

	if (l->level < LOG_NORMAL)
		return;
	va_start(ap, fmt);
	print_line(l, fmt, ap);
	va_end(ap);
}

void log_detail(struct log *l, const char *fmt, ...)
{
	va_list ap;

	if (l->level < LOG_VERBOSE)
		return;
	va_start(ap, fmt);
	print_line(l, fmt, ap);
	va_end(ap);
}

void log_progress(struct log *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!l->terminal || l->level < LOG_NORMAL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A line that fills the last column would wrap, and could then not be erased. */
	fprintf(l->out, ERASE_LINE "%.*s", l->width - 1, text);
	fflush(l->out);
	l->progress = true;
}

void log_progress_end(struct log *l)
{
	if (!l->progress)
		return;
	fputs(ERASE_LINE, l->out);
	fflush(l->out);
	l->progress = false;
}
