// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../util/grow.h"
#include "history.h"
#include "sql.h"

#define GAP_SECONDS 600 /* memory is kept each minute while it grows */

/* Of columns that are not grouped by SQLite gives those of the row that has the one max(). */
static const char query[] =
	"SELECT max(f.time), f.id, service, release, container, pod, python, verdict, confidence,"
	" holder, type, function, file, line, rate, objects_rate, bytes, objects, pid, processes,"
	" count(*),"
	" (SELECT max(rate) FROM finding g WHERE g.id = f.id AND g.service IS f.service"
	"  AND g.release IS f.release AND g.time >= ?1),"
	" (SELECT min(time) FROM finding g WHERE g.id = f.id AND g.service IS f.service"
	"  AND g.release IS f.release)"
	" FROM finding f WHERE f.time >= ?1 GROUP BY f.id, service, release ORDER BY rate DESC";

static void text(sqlite3_stmt *s, int column, char *out, size_t cap)
{
	const char *value = (const char *)sqlite3_column_text(s, column);

	snprintf(out, cap, "%s", value ? value : "");
}

/* NAN where it is not known, as of descriptors. */
static double real(sqlite3_stmt *s, int column)
{
	return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN
							     : sqlite3_column_double(s, column);
}

static void fill(struct trail *t, sqlite3_stmt *s)
{
	struct finding *f = &t->finding;

	*t = (struct trail){ .last_seen = sqlite3_column_int64(s, 0),
			     .processes = sqlite3_column_int64(s, 19),
			     .times = sqlite3_column_int64(s, 20),
			     .most_bytes_per_second = real(s, 21),
			     .first_seen = sqlite3_column_int64(s, 22),
			     .grows_since = UNKNOWN };
	text(s, 1, f->id, sizeof(f->id));
	text(s, 2, f->service, sizeof(f->service));
	text(s, 3, f->release, sizeof(f->release));
	text(s, 4, f->container, sizeof(f->container));
	text(s, 5, f->pod, sizeof(f->pod));
	text(s, 6, f->python, sizeof(f->python));
	f->verdict = (enum verdict)sqlite3_column_int(s, 7);
	if (f->verdict > VERDICT_RESOURCE)
		f->verdict = VERDICT_UNDECIDED;
	f->confidence = sqlite3_column_double(s, 8);
	text(s, 9, f->holder, sizeof(f->holder));
	text(s, 10, f->type, sizeof(f->type));
	text(s, 11, f->function, sizeof(f->function));
	text(s, 12, f->file, sizeof(f->file));
	f->line = sqlite3_column_int(s, 13);
	f->bytes_per_second = real(s, 14);
	f->objects_per_second = sqlite3_column_double(s, 15);
	f->inuse_bytes = sqlite3_column_int64(s, 16);
	f->inuse_objects = sqlite3_column_int64(s, 17);
	f->pid = sqlite3_column_int(s, 18);
}

/* The latest row of its memory, and from there back as long as no gap is in between. */
static int64_t grows_since(sqlite3_stmt *s, const struct trail *t)
{
	int64_t since = UNKNOWN;

	sqlite3_bind_text(s, 1, t->finding.service, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, t->finding.release, -1, SQLITE_STATIC);
	while (sqlite3_step(s) == SQLITE_ROW) {
		int64_t at = sqlite3_column_int64(s, 0);

		if (since == UNKNOWN ? at < (int64_t)time(NULL) - GAP_SECONDS
				     : at < since - GAP_SECONDS)
			break;
		since = at;
	}
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return since;
}

static void add_growth(struct trails *out, sqlite3 *db)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(db,
			       "SELECT time FROM memory WHERE service = ? AND release = ?"
			       " ORDER BY time DESC",
			       -1, &s, NULL) == SQLITE_OK)
		for (size_t i = 0; i < out->count; i++)
			out->trail[i].grows_since = grows_since(s, &out->trail[i]);
	sqlite3_finalize(s);
}

static const char pause_query[] =
	"SELECT service, release, count(*), sum(seconds), sum(count), sum(total_ns),"
	" max(max_ns), function, file, line"
	" FROM pauses WHERE time >= ? GROUP BY service, release HAVING sum(count) > 0"
	" ORDER BY max(max_ns) DESC";

static void fill_pauses(struct pause_trail *p, sqlite3_stmt *s)
{
	*p = (struct pause_trail){ .times = sqlite3_column_int64(s, 2),
				   .seconds = sqlite3_column_double(s, 3),
				   .count = (uint64_t)sqlite3_column_int64(s, 4),
				   .total_ns = (uint64_t)sqlite3_column_int64(s, 5),
				   .max_ns = (uint64_t)sqlite3_column_int64(s, 6),
				   .line = sqlite3_column_int(s, 9) };
	text(s, 0, p->service, sizeof(p->service));
	text(s, 1, p->release, sizeof(p->release));
	text(s, 7, p->function, sizeof(p->function));
	text(s, 8, p->file, sizeof(p->file));
}

/* A history that an earlier version wrote has no such table: then there are none. */
static int read_pauses(struct trails *out, sqlite3 *db, int64_t since)
{
	sqlite3_stmt *s = NULL;
	int err = 0;

	if (sqlite3_prepare_v2(db, pause_query, -1, &s, NULL) == SQLITE_OK)
		sqlite3_bind_int64(s, 1, since);
	while (s && !err && sqlite3_step(s) == SQLITE_ROW) {
		err = grow(&out->pauses, &out->pause_cap, out->pause_count + 1,
			   sizeof(*out->pauses));
		if (!err)
			fill_pauses(&out->pauses[out->pause_count++], s);
	}
	sqlite3_finalize(s);
	return err;
}

static int read_rows(struct trails *out, sqlite3 *db, int64_t since)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, query, -1, &s, NULL), err = 0;

	if (rc == SQLITE_OK)
		sqlite3_bind_int64(s, 1, since);
	while (rc == SQLITE_OK && !err && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		err = grow(&out->trail, &out->cap, out->count + 1, sizeof(*out->trail));
		if (!err)
			fill(&out->trail[out->count++], s);
		rc = SQLITE_OK;
	}
	out->oldest = sql_number(db, "SELECT min(time) FROM finding", UNKNOWN);
	sqlite3_finalize(s);
	return err ? err : rc == SQLITE_DONE ? 0 : -EIO;
}

int history_read(struct trails *out, const char *path, uint64_t since_ns, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), err = -EIO;
	int64_t since = (int64_t)time(NULL) - (int64_t)(since_ns / 1000000000ull);

	*out = (struct trails){ .since_seconds = (double)since_ns / 1e9, .oldest = UNKNOWN };
	snprintf(out->path, sizeof(out->path), "%s", path);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		err = read_rows(out, db, since);
		if (!err)
			err = read_pauses(out, db, since);
		add_growth(out, db);
	}
	if (err)
		err_set(e, err, EXIT_FAILED, "cannot read the history %s: %s", path,
			db ? sqlite3_errmsg(db) : "no memory");
	sqlite3_close(db);
	return err;
}
