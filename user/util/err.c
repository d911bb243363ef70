// SPDX-License-Identifier: Apache-2.0
#include "err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *e, int rc, enum exit_code exit, const char *fmt, ...)
{
	va_list ap;

	if (!e || e->exit != EXIT_DONE)
		return rc;
	e->exit = exit;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return rc;
}
