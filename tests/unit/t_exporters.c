// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <snappy-c.h>

#include "../../user/push/exporter.h"
#include "../../user/push/profiles.h"

static const struct metric_family growth = { "pyleak_growth_bytes_per_second", "Growth.", false };
static const struct metric_family looks = { "pyleak_looks_total", "Looks.", true };

static void make(struct metrics *m)
{
	*m = (struct metrics){ .time_ms = 1700000000123,
			       .start_ms = 1600000000000,
			       .host = "web1" };
	metrics_add(m, &growth, 1.5, "service", "shop", "holder", "a\"b\\c\n1", "pod", "",
		    METRIC_LABELS_END);
	metrics_add(m, &growth, 2, METRIC_LABELS_END);
	metrics_add(m, &growth, NAN, METRIC_LABELS_END);
	metrics_add(m, &looks, 12345678901.0, "result", "new", METRIC_LABELS_END);
}

static void as_text(void **state)
{
	struct metrics m;
	unsigned char *text;
	size_t len;

	(void)state;
	make(&m);
	assert_int_equal(exporter_text.write(&m, &text, &len), 0);
	assert_string_equal(
		(char *)text,
		"# HELP pyleak_growth_bytes_per_second Growth.\n"
		"# TYPE pyleak_growth_bytes_per_second gauge\n"
		"pyleak_growth_bytes_per_second{service=\"shop\",holder=\"a\\\"b\\\\c\\n1\"}"
		" 1.5\n"
		"pyleak_growth_bytes_per_second 2\n"
		"# HELP pyleak_looks_total Looks.\n"
		"# TYPE pyleak_looks_total counter\n"
		"pyleak_looks_total{result=\"new\"} 12345678901\n");
	assert_int_equal(len, strlen((char *)text));
	free(text);
	metrics_release(&m);
}

/* Labels must come ordered by name: the server may refuse them otherwise. */
static void as_remote_write(void **state)
{
	struct metrics m;
	unsigned char *body;
	char plain[1024];
	size_t len, plain_len = sizeof(plain);

	(void)state;
	make(&m);
	assert_int_equal(exporter_remote_write.write(&m, &body, &len), 0);
	assert_int_equal(snappy_uncompress((char *)body, len, plain, &plain_len), SNAPPY_OK);
	assert_true(plain_len > 100);
	assert_non_null(memmem(plain, plain_len, "__name__", 8));
	assert_true((char *)memmem(plain, plain_len, "holder", 6) <
		    (char *)memmem(plain, plain_len, "instance", 8));
	assert_true((char *)memmem(plain, plain_len, "instance", 8) <
		    (char *)memmem(plain, plain_len, "service", 7));
	assert_null(memmem(plain, plain_len, "\x0a\x03pod", 5)); /* "" is left out */
	free(body);
	metrics_release(&m);
}

static void as_otlp(void **state)
{
	struct metrics m;
	unsigned char *body;
	size_t len;
	json_t *root, *metrics, *point;

	(void)state;
	make(&m);
	assert_int_equal(exporter_otlp.write(&m, &body, &len), 0);
	root = json_loadb((char *)body, len, 0, NULL);
	metrics = json_object_get(
		json_array_get(
			json_object_get(json_array_get(json_object_get(root, "resourceMetrics"), 0),
					"scopeMetrics"),
			0),
		"metrics");
	assert_int_equal(json_array_size(metrics), 2);
	point = json_array_get(
		json_object_get(json_object_get(json_array_get(metrics, 0), "gauge"), "dataPoints"),
		0);
	assert_true(json_real_value(json_object_get(point, "asDouble")) == 1.5);
	assert_string_equal(json_string_value(json_object_get(point, "timeUnixNano")),
			    "1700000000123000000");
	assert_true(json_is_true(json_object_get(json_object_get(json_array_get(metrics, 1), "sum"),
						 "isMonotonic")));
	json_decref(root);
	free(body);
	metrics_release(&m);
}

/* The examples of RFC 4648, 10. */
static void as_parca_asks(void **state)
{
	static const char *const encoded[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=",
					       "Zm9vYmFy" };
	struct report r = { .service = "shop", .container = "abc" };

	(void)state;
	for (size_t i = 0; i <= 6; i++) {
		char *body, expected[512];
		size_t len;

		assert_int_equal(profiles_parca(&r, "web1", "foobar", i, &body, &len), 0);
		snprintf(expected, sizeof(expected),
			 "{\"normalized\":true,\"series\":[{\"labels\":{\"labels\":["
			 "{\"name\":\"__name__\",\"value\":\"memory\"},"
			 "{\"name\":\"service\",\"value\":\"shop\"},"
			 "{\"name\":\"container\",\"value\":\"abc\"},"
			 "{\"name\":\"host\",\"value\":\"web1\"}]},"
			 "\"samples\":[{\"rawProfile\":\"%s\"}]}]}",
			 encoded[i]);
		assert_string_equal(body, expected);
		assert_int_equal(len, strlen(expected));
		free(body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_remote_write),
		cmocka_unit_test(as_otlp),
		cmocka_unit_test(as_parca_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
