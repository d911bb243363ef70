// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces of real interpreters' memory, as tests/golden/heap/record.py writes them.
 */
#ifndef PYLEAK_TESTS_RECORDED_H
#define PYLEAK_TESTS_RECORDED_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDED_BYTES 32768

struct recorded {
	char *head;	  /* the record's first line, without the word that says what it is */
	uint64_t address; /* of bytes[0] in the interpreter */
	uint8_t bytes[RECORDED_BYTES];
};

/*
 * Call @fn for every record of @kind ("pool", "keys") in the file of 3.@minor; their number. The
 * test fails where there is no such file.
 */
static inline unsigned int recorded_each(int minor, const char *kind,
					 void (*fn)(struct recorded *record))
{
	struct recorded *record = calloc(1, sizeof(*record));
	unsigned int count = 0;
	char name[64], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(name, sizeof(name), "tests/golden/heap/3_%d.txt", minor);
	f = fopen(name, "r");
	if (!f || !record)
		fail_msg("%s: %s (run from the top of the tree)", name, strerror(errno));
	while (getline(&line, &cap, f) > 0) {
		uint64_t offset, value;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'p' || line[0] == 'k') { /* "pool ..." or "keys ..." */
			if (record->head)
				fn(record);
			count += record->head != NULL;
			free(record->head);
			memset(record, 0, sizeof(*record));
			if (strncmp(line, kind, 4) == 0) {
				record->head = strdup(line + 5);
				record->address = strtoull(line + 5, NULL, 16);
			}
			continue;
		}
		assert_int_equal(sscanf(line, "%lx %lx", &offset, &value), 2);
		assert_true(offset + 8 <= RECORDED_BYTES);
		memcpy(record->bytes + offset, &value, sizeof(value));
	}
	if (record->head)
		fn(record);
	count += record->head != NULL;
	free(record->head);
	free(record);
	free(line);
	fclose(f);
	return count;
}

#endif
