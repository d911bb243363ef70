// SPDX-License-Identifier: Apache-2.0
/*
 * What writing and reading the history share.
 */
#ifndef PYLEAK_HISTORY_SQL_H
#define PYLEAK_HISTORY_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#define BUSY_MS 200 /* somebody else may hold the file for so long */

/* The first column of the first row, or @otherwise. */
static inline int64_t sql_number(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *s = NULL;
	int64_t value = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

#endif
