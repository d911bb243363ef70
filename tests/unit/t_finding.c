// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../user/session/finding.h"

struct printed {
	char *text;
	size_t len;
	struct page page;
};

static void begin(struct printed *p, bool color)
{
	struct format_options options = { .width = 80, .color = color, .ascii = true };
	FILE *out = open_memstream(&p->text, &p->len);

	assert_non_null(out);
	page_init(&p->page, out, &options);
}

static void end(struct printed *p)
{
	fclose(p->page.out);
}

static void columns_are_aligned(void **state)
{
	struct printed p;

	(void)state;
	begin(&p, false);
	finding_heading(&p.page, "this kernel: Linux 6.1.0");
	finding_print(&p.page, WORKS_OK, "pagemap", "with PAGEMAP_SCAN", NULL);
	finding_print(&p.page, WORKS_LIMITED, "allocator", "PYTHONMALLOC=malloc",
		      "start it without");
	finding_print(&p.page, WORKS_MISSING, "CAP_CHECKPOINT_RESTORE", "", NULL);
	finding_print(&p.page, WORKS_FACT, "threads", "8", NULL);
	end(&p);
	assert_string_equal(p.text, "this kernel: Linux 6.1.0\n"
				    "  ok       pagemap                with PAGEMAP_SCAN\n"
				    "  limited  allocator              PYTHONMALLOC=malloc\n"
				    "                                  do: start it without\n"
				    "  missing  CAP_CHECKPOINT_RESTORE -\n"
				    "           threads                8\n");
	free(p.text);
}

static void long_text_is_wrapped(void **state)
{
	char path[200], words[400] = "", *rest, *line;
	struct printed p;
	unsigned lines = 0;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 40; i++)
		strcat(words, "word ");
	begin(&p, false);
	finding_print(&p.page, WORKS_MISSING, "image", path, words);
	end(&p);
	for (line = strtok_r(p.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(strlen(line) <= 80);
		if (lines++)
			assert_int_equal(strspn(line, " "), 34);
	}
	assert_int_equal(lines, 5 + 5); /* 199 / 46, and 204 / 46 */
	free(p.text);
}

static void color_only_when_asked(void **state)
{
	struct printed p;

	(void)state;
	begin(&p, false);
	finding_heading(&p.page, "process 1: a\033[31mb");
	finding_print(&p.page, WORKS_MISSING, "image", "/tmp/\033[31m\n", "none");
	end(&p);
	assert_null(strchr(p.text, '\033'));
	assert_non_null(strstr(p.text, "/tmp/?[31m?\n"));
	free(p.text);

	begin(&p, true);
	finding_print(&p.page, WORKS_OK, "pagemap", "yes", NULL);
	end(&p);
	assert_non_null(strstr(p.text, "\033[1;32mok\033[0m       pagemap "));
	free(p.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(long_text_is_wrapped),
		cmocka_unit_test(color_only_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
