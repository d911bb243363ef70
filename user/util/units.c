// SPDX-License-Identifier: Apache-2.0
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HOUR 3600
#define DAY (24 * HOUR)

#define DURATION_SECONDS_MAX (10 * 365.25 * 86400)

static const struct {
	const char *suffix;
	double ns;
} duration_units[] = {
	{ "us", 1e3 }, { "ms", 1e6 },	{ "s", 1e9 },	 { "", 1e9 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
};

static double absolute(double value)
{
	return value < 0 ? -value : value;
}

static int64_t rounded(double value)
{
	return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

/*
 * Digits with at most one point among them; strtod() would also take "0x10", "inf" and what the
 * locale likes.
 */
static int parse_decimal(const char **text, double *value)
{
	double scale = 0;
	bool digits = false;

	*value = 0;
	for (;; (*text)++) {
		if (**text == '.' && !scale && digits) {
			scale = 1;
		} else if (**text >= '0' && **text <= '9') {
			digits = true;
			*value = *value * 10 + (**text - '0');
			scale *= 10;
		} else {
			break;
		}
	}
	if (scale)
		*value /= scale;
	return digits && scale != 1 ? 0 : -EINVAL;
}

int units_parse_duration(const char *text, uint64_t *ns)
{
	double value;

	if (parse_decimal(&text, &value))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
		if (strcmp(text, duration_units[i].suffix) != 0)
			continue;
		if (value * duration_units[i].ns > DURATION_SECONDS_MAX * 1e9)
			return -ERANGE;
		*ns = (uint64_t)rounded(value * duration_units[i].ns);
		return 0;
	}
	return -EINVAL;
}

static void scaled_bytes(char buf[UNITS_TEXT], double bytes, bool rate)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;

	if (bytes != bytes) {
		snprintf(buf, UNITS_TEXT, rate ? "? B/s" : "? B");
		return;
	}
	/* 1023.96 KiB would print as 1024.0 KiB. */
	while (unit < 6 && absolute(bytes) >= (unit ? 1023.95 : 1023.5)) {
		bytes /= 1024;
		unit++;
	}
	if (!unit && absolute(bytes) < 0.5)
		bytes = 0;
	snprintf(buf, UNITS_TEXT, rate ? "%+.*f %s%s" : "%.*f %s%s", unit ? 1 : 0, bytes,
		 units[unit], rate ? "/s" : "");
}

void units_bytes(char buf[UNITS_TEXT], int64_t bytes)
{
	scaled_bytes(buf, (double)bytes, false);
}

void units_byte_rate(char buf[UNITS_TEXT], double bytes_per_second)
{
	scaled_bytes(buf, bytes_per_second, true);
}

void units_rate(char buf[UNITS_TEXT], double per_second)
{
	char digits[UNITS_TEXT];

	if (per_second != per_second) {
		snprintf(buf, UNITS_TEXT, "?");
	} else if (absolute(per_second) >= 1e15) {
		snprintf(buf, UNITS_TEXT, "%+.1e", per_second);
	} else if (absolute(per_second) < 9.95) {
		snprintf(buf, UNITS_TEXT,
			 absolute(per_second) < 0.05 && per_second != 0 ? "%+.1g" : "%+.1f",
			 per_second);
	} else {
		units_count(digits, rounded(per_second));
		snprintf(buf, UNITS_TEXT, "%s%.30s", per_second < 0 ? "" : "+", digits);
	}
}

void units_count(char buf[UNITS_TEXT], int64_t count)
{
	char digits[24];
	size_t at = 0, first;

	snprintf(digits, sizeof(digits), "%" PRId64, count);
	first = digits[0] == '-' ? 1 : 0;
	for (size_t i = 0, n = strlen(digits); i < n; i++) {
		if (i > first && (n - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
}

static void two_units(char buf[UNITS_TEXT], int64_t seconds, int64_t large, const char *large_name,
		      int64_t small, const char *small_name)
{
	snprintf(buf, UNITS_TEXT, "%" PRId64 " %s %" PRId64 " %s", seconds / large, large_name,
		 seconds % large / small, small_name);
}

void units_duration(char buf[UNITS_TEXT], double seconds)
{
	if (seconds < 0.9995)
		snprintf(buf, UNITS_TEXT, "%.0f ms", seconds * 1e3);
	else if (seconds < 59.95)
		snprintf(buf, UNITS_TEXT, "%.1f s", seconds);
	else if (seconds < HOUR)
		two_units(buf, rounded(seconds), 60, "min", 1, "s");
	else if (seconds < 2 * DAY)
		two_units(buf, rounded(seconds), HOUR, "h", 60, "min");
	else
		two_units(buf, rounded(seconds), DAY, "d", HOUR, "h");
}

void units_span(char buf[UNITS_TEXT], double seconds)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "\xc2\xb5s" }, { 1e-9, "ns" } };
	size_t i = 0;
	double value;

	if (!isfinite(seconds)) {
		snprintf(buf, UNITS_TEXT, "?");
		return;
	}
	/* Rounding must not make a thousand of anything. */
	while (i < 3 && fabs(seconds) < 0.9995 * units[i].unit)
		i++;
	value = seconds / units[i].unit;
	snprintf(buf, UNITS_TEXT, "%.*f %s",
		 i == 3 || fabs(value) >= 99.95	 ? 0
		 : fabs(value) >= 9.995 ? 1
					: 2,
		 value, units[i].name);
}
