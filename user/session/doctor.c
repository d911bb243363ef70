// SPDX-License-Identifier: Apache-2.0
#include "doctor.h"

#include "doctor_kernel.h"
#include "doctor_process.h"

#define COLUMNS 80

int doctor_run(FILE *out, pid_t pid, bool color, struct err *e)
{
	struct format_options options = { .width = COLUMNS, .color = color, .ascii = true };
	struct page page;

	page_init(&page, out, &options);
	doctor_kernel(&page);
	if (pid == 0)
		return 0;
	fputc('\n', out);
	return doctor_process(&page, pid, e);
}
