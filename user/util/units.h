// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers as people write and read them. Printing never fails: "?" stands for what is not a number.
 */
#ifndef PYLEAK_UTIL_UNITS_H
#define PYLEAK_UTIL_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Enough for every text made here. */
#define UNITS_TEXT 32

/*
 * "500ms", "15s", "1.5m", "2h", and "15" for seconds, into ns. 0; -EINVAL where it is none; -ERANGE
 * above 10 years.
 */
int units_parse_duration(const char *text, uint64_t *ns);

/* "640 B", "63.2 KiB", "1.4 MiB"; negative numbers keep their sign. */
void units_bytes(char buf[UNITS_TEXT], int64_t bytes);

/* Growth, with its sign: "+63.2 KiB/s", "+0 B/s", "-3 B/s". */
void units_byte_rate(char buf[UNITS_TEXT], double bytes_per_second);

/* "+512", "+1,024", "+0.3", "+0.0": the number in front of "objects/s". */
void units_rate(char buf[UNITS_TEXT], double per_second);

/* "1,234,567". */
void units_count(char buf[UNITS_TEXT], int64_t count);

/* "850 ms", "4.2 s", "2 min 5 s", "3 h 20 min", "3 d 9 h". */
void units_duration(char buf[UNITS_TEXT], double seconds);

/* A short time with three digits: "850 ns", "51.3 µs", "1.24 ms", "184 ms", "3.71 s". */
void units_span(char buf[UNITS_TEXT], double seconds);

#endif
