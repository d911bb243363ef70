// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../util/grow.h"

#define PAGE_BYTES 4096
#define BUSY_MS 200 /* a reader may hold the file for so long */
#define SCHEMA_VERSION 1

struct history {
	sqlite3 *db;
	sqlite3_stmt *finding, *memory;
	uint64_t keep_ns;
	uint64_t lost;
};

static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = NORMAL;"
	"PRAGMA auto_vacuum = INCREMENTAL;"
	"CREATE TABLE IF NOT EXISTS finding ("
	" time INTEGER NOT NULL, id TEXT NOT NULL, service TEXT, release TEXT, container TEXT,"
	" pod TEXT, python TEXT, verdict INTEGER, confidence REAL, holder TEXT, type TEXT,"
	" function TEXT, file TEXT, line INTEGER, rate REAL, objects_rate REAL, bytes INTEGER,"
	" objects INTEGER, pid INTEGER, processes INTEGER);"
	"CREATE INDEX IF NOT EXISTS finding_time ON finding (time);"
	"CREATE INDEX IF NOT EXISTS finding_id ON finding (id, service, release);"
	"CREATE TABLE IF NOT EXISTS memory ("
	" time INTEGER NOT NULL, service TEXT, release TEXT, pod TEXT, processes INTEGER,"
	" bytes REAL, rate REAL);"
	"CREATE INDEX IF NOT EXISTS memory_time ON memory (time);"
	"PRAGMA user_version = 1;";

static int make_folder(const char *path)
{
	char folder[256];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	return mkdir(folder, 0750) == 0 || errno == EEXIST ? 0 : -errno;
}

static int64_t one_number(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *s = NULL;
	int64_t value = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

static bool is_whole(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	bool whole = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK &&
		     sqlite3_step(s) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;

	sqlite3_finalize(s);
	return whole && one_number(db, "PRAGMA user_version", 0) <= SCHEMA_VERSION;
}

static int try_open(sqlite3 **db, const char *path)
{
	int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	if (rc == SQLITE_OK)
		sqlite3_busy_timeout(*db, BUSY_MS);
	if (rc == SQLITE_OK && !is_whole(*db))
		rc = SQLITE_CORRUPT;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*db, schema, NULL, NULL, NULL);
	return rc;
}

/* A damaged file may be of use to somebody: it stays, under another name. */
static void set_aside(const char *path, struct log *log)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char from[300], to[340];
	long long now = (long long)time(NULL);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", path, parts[i]);
		snprintf(to, sizeof(to), "%s.damaged-%lld%s", path, now, parts[i]);
		if (rename(from, to) == 0 && i == 0)
			log_warn(log,
				 "the history %s is damaged; it is now %s, and a new one begins",
				 path, to);
	}
}

static int prepare(struct history *h, long most_mib)
{
	char limit[64];

	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %ld",
		 most_mib * (1 << 20) / PAGE_BYTES);
	if (sqlite3_exec(h->db, limit, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(h->db,
			       "INSERT INTO finding VALUES "
			       "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			       -1, &h->finding, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(h->db, "INSERT INTO memory VALUES (?,?,?,?,?,?,?)", -1, &h->memory,
			       NULL) != SQLITE_OK)
		return -EIO;
	return 0;
}

int history_open(struct history **out, const char *path, uint64_t keep_ns, long most_mib,
		 struct log *log, struct err *e)
{
	struct history *h = calloc(1, sizeof(*h));
	int err = make_folder(path), rc;

	*out = NULL;
	if (!h)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory for the history");
	h->keep_ns = keep_ns;
	rc = err ? SQLITE_CANTOPEN : try_open(&h->db, path);
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB) {
		sqlite3_close(h->db);
		set_aside(path, log);
		rc = try_open(&h->db, path);
	}
	err = rc == SQLITE_OK ? prepare(h, most_mib) : -EIO;
	if (err) {
		err_set(e, err, EXIT_FAILED, "cannot open the history %s: %s", path,
			h->db ? sqlite3_errmsg(h->db) : "its folder cannot be made");
		history_close(h);
		return err;
	}
	*out = h;
	return 0;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	sqlite3_finalize(h->finding);
	sqlite3_finalize(h->memory);
	sqlite3_close(h->db);
	free(h);
}

/* The oldest tenth of all rows. */
static void make_room(struct history *h)
{
	int64_t rows = one_number(h->db, "SELECT count(*) FROM memory", 0);
	const char *table = rows ? "memory" : "finding";
	char sql[160];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM %s WHERE rowid IN (SELECT rowid FROM %s ORDER BY time LIMIT "
		 "max(1, (SELECT count(*) FROM %s) / 10))",
		 table, table, table);
	if (sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		h->lost += (uint64_t)sqlite3_changes(h->db);
}

static void insert(struct history *h, sqlite3_stmt *s)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_FULL) {
		sqlite3_reset(s);
		make_room(h);
		rc = sqlite3_step(s);
	}
	if (rc != SQLITE_DONE)
		h->lost++;
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

static void bind_texts(sqlite3_stmt *s, int first, const char *const *texts, int count)
{
	for (int i = 0; i < count; i++)
		sqlite3_bind_text(s, first + i, texts[i], -1, SQLITE_STATIC);
}

void history_add_finding(struct history *h, const struct finding *f, unsigned processes)
{
	sqlite3_stmt *s = h ? h->finding : NULL;

	if (!h)
		return;
	sqlite3_bind_int64(s, 1, f->seen.tv_sec);
	bind_texts(s, 2,
		   (const char *const[]){ f->id, f->service, f->release, f->container, f->pod,
					  f->python },
		   6);
	sqlite3_bind_int(s, 8, (int)f->verdict);
	sqlite3_bind_double(s, 9, f->confidence);
	bind_texts(s, 10, (const char *const[]){ f->holder, f->type, f->function, f->file }, 4);
	sqlite3_bind_int(s, 14, f->line);
	sqlite3_bind_double(s, 15, f->bytes_per_second);
	sqlite3_bind_double(s, 16, f->objects_per_second);
	sqlite3_bind_int64(s, 17, f->inuse_bytes);
	sqlite3_bind_int64(s, 18, f->inuse_objects);
	sqlite3_bind_int(s, 19, f->pid);
	sqlite3_bind_int(s, 20, (int)processes);
	insert(h, s);
}

void history_add_memory(struct history *h, const char *service, const char *release,
			const char *pod, unsigned processes, double bytes, double rate)
{
	if (!h)
		return;
	sqlite3_bind_int64(h->memory, 1, (int64_t)time(NULL));
	bind_texts(h->memory, 2, (const char *const[]){ service, release, pod }, 3);
	sqlite3_bind_int(h->memory, 5, (int)processes);
	sqlite3_bind_double(h->memory, 6, bytes);
	sqlite3_bind_double(h->memory, 7, rate);
	insert(h, h->memory);
}

void history_trim(struct history *h)
{
	char sql[200];
	long long before;

	if (!h)
		return;
	before = (long long)time(NULL) - (long long)(h->keep_ns / 1000000000ull);
	snprintf(sql, sizeof(sql),
		 "DELETE FROM finding WHERE time < %lld; DELETE FROM memory WHERE time < %lld;"
		 "PRAGMA incremental_vacuum(256);",
		 before, before);
	sqlite3_exec(h->db, sql, NULL, NULL, NULL);
}

uint64_t history_lost(const struct history *h)
{
	return h ? h->lost : 0;
}

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

static void fill(struct trail *t, sqlite3_stmt *s)
{
	struct finding *f = &t->finding;

	*t = (struct trail){ .last_seen = sqlite3_column_int64(s, 0),
			     .processes = sqlite3_column_int64(s, 19),
			     .times = sqlite3_column_int64(s, 20),
			     .most_bytes_per_second = sqlite3_column_double(s, 21),
			     .first_seen = sqlite3_column_int64(s, 22) };
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
	f->bytes_per_second = sqlite3_column_double(s, 14);
	f->objects_per_second = sqlite3_column_double(s, 15);
	f->inuse_bytes = sqlite3_column_int64(s, 16);
	f->inuse_objects = sqlite3_column_int64(s, 17);
	f->pid = sqlite3_column_int(s, 18);
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
	out->oldest = one_number(db, "SELECT min(time) FROM finding", UNKNOWN);
	sqlite3_finalize(s);
	return err ? err : rc == SQLITE_DONE ? 0 : -EIO;
}

int history_read(struct trails *out, const char *path, uint64_t since_ns, struct err *e)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), err = -EIO;

	*out = (struct trails){ .since_seconds = (double)since_ns / 1e9, .oldest = UNKNOWN };
	snprintf(out->path, sizeof(out->path), "%s", path);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		err = read_rows(out, db, (int64_t)time(NULL) - (int64_t)(since_ns / 1000000000ull));
	}
	if (err)
		err_set(e, err, EXIT_FAILED, "cannot read the history %s: %s", path,
			db ? sqlite3_errmsg(db) : "no memory");
	sqlite3_close(db);
	return err;
}
