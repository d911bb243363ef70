// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sql.h"

#define PAGE_BYTES 4096
#define SCHEMA_VERSION 1
#define ROOM_PAGES 64 /* short of its bound the file counts as full: a transaction takes some */

enum row { ROW_FINDING, ROW_MEMORY, ROW_PAUSES, ROWS };

struct history {
	sqlite3 *db; /* NULL: cannot be had now, tried again by history_trim() */
	sqlite3_stmt *insert[ROWS];
	struct log *log;
	uint64_t keep_ns;
	long most_mib;
	uint64_t lost;
	bool failing; /* the last row was lost, and that was said */
	dev_t device; /* of the file as it was opened */
	ino_t inode;
	char path[256];
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
	"CREATE INDEX IF NOT EXISTS memory_service ON memory (service, release, time);"
	"CREATE TABLE IF NOT EXISTS pauses ("
	" time INTEGER NOT NULL, service TEXT, release TEXT, container TEXT, pod TEXT, pid INTEGER,"
	" seconds REAL, count INTEGER, total_ns INTEGER, max_ns INTEGER, function TEXT, file TEXT,"
	" line INTEGER);"
	"CREATE INDEX IF NOT EXISTS pauses_time ON pauses (time);"
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

static bool is_whole(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	bool whole = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL) == SQLITE_OK &&
		     sqlite3_step(s) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;

	sqlite3_finalize(s);
	return whole && sql_number(db, "PRAGMA user_version", 0) <= SCHEMA_VERSION;
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

static int prepare(struct history *h)
{
	static const char *const rows[ROWS] = {
		[ROW_FINDING] =
			"INSERT INTO finding VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		[ROW_MEMORY] = "INSERT INTO memory VALUES (?,?,?,?,?,?,?)",
		[ROW_PAUSES] = "INSERT INTO pauses VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
	};
	char limit[64];

	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %ld",
		 h->most_mib * (1 << 20) / PAGE_BYTES);
	if (sqlite3_exec(h->db, limit, NULL, NULL, NULL) != SQLITE_OK)
		return -EIO;
	for (int i = 0; i < ROWS; i++)
		if (sqlite3_prepare_v2(h->db, rows[i], -1, &h->insert[i], NULL) != SQLITE_OK)
			return -EIO;
	return 0;
}

static void disconnect(struct history *h)
{
	for (int i = 0; i < ROWS; i++) {
		sqlite3_finalize(h->insert[i]);
		h->insert[i] = NULL;
	}
	sqlite3_close(h->db);
	h->db = NULL;
}

/* 0, or -EIO with @e. */
static int connect(struct history *h, struct err *e)
{
	int err = make_folder(h->path), rc = err ? SQLITE_CANTOPEN : try_open(&h->db, h->path);
	struct stat st;

	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB) {
		sqlite3_close(h->db);
		set_aside(h->path, h->log);
		rc = try_open(&h->db, h->path);
	}
	err = rc == SQLITE_OK ? prepare(h) : -EIO;
	if (err) {
		err_set(e, err, EXIT_FAILED, "cannot open the history %s: %s", h->path,
			h->db ? sqlite3_errmsg(h->db) : "its folder cannot be made");
		disconnect(h);
		return err;
	}
	if (stat(h->path, &st) == 0) {
		h->device = st.st_dev;
		h->inode = st.st_ino;
	}
	return 0;
}

int history_open(struct history **out, const char *path, uint64_t keep_ns, long most_mib,
		 struct log *log, struct err *e)
{
	struct history *h = calloc(1, sizeof(*h));
	struct err why = { 0 };

	*out = h;
	if (!h)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory for the history");
	h->keep_ns = keep_ns;
	h->most_mib = most_mib;
	h->log = log;
	snprintf(h->path, sizeof(h->path), "%s", path);
	if (connect(h, &why)) {
		h->failing = true;
		log_warn(log, "%s: nothing is kept until that works", why.text);
	}
	return 0;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	disconnect(h);
	free(h);
}

/*
 * The oldest tenth of a table's rows, where the file is as large as it may be; not where the disk
 * is full.
 */
static bool make_room(struct history *h)
{
	const char *table = sql_number(h->db, "SELECT 1 FROM memory LIMIT 1", 0)   ? "memory"
			    : sql_number(h->db, "SELECT 1 FROM pauses LIMIT 1", 0) ? "pauses"
										   : "finding";
	char sql[160];

	if (sql_number(h->db, "PRAGMA page_count", 0) + ROOM_PAGES <
	    sql_number(h->db, "PRAGMA max_page_count", 0))
		return false;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM %s WHERE rowid IN (SELECT rowid FROM %s ORDER BY time LIMIT "
		 "max(1, (SELECT count(*) FROM %s) / 10))",
		 table, table, table);
	if (sqlite3_exec(h->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return false;
	h->lost += (uint64_t)sqlite3_changes(h->db);
	return true;
}

/* The file is not what was written, so it goes as one that was damaged when it was opened. */
static bool begin_anew(struct history *h)
{
	struct err why = { 0 };

	disconnect(h);
	set_aside(h->path, h->log);
	return connect(h, &why) == 0;
}

static void note(struct history *h, bool written)
{
	if (written && h->failing)
		log_warn(h->log, "the history %s is written again; rows lost so far: %llu", h->path,
			 (unsigned long long)h->lost);
	else if (!written && !h->failing)
		log_warn(h->log, "the history %s cannot be written: %s; rows are lost meanwhile",
			 h->path, h->db ? sqlite3_errmsg(h->db) : "it cannot be opened");
	h->failing = !written;
	h->lost += !written;
}

/* A row, which @bind fills in as often as it has to be tried. */
static void add(struct history *h, enum row row, void (*bind)(sqlite3_stmt *s, const void *arg),
		const void *arg)
{
	int rc = SQLITE_CANTOPEN;

	for (int tries = 0; h->db && tries < 2; tries++) {
		sqlite3_stmt *s = h->insert[row];

		bind(s, arg);
		rc = sqlite3_step(s);
		sqlite3_reset(s);
		sqlite3_clear_bindings(s);
		if (rc == SQLITE_FULL ? !make_room(h)
				      : (rc != SQLITE_CORRUPT && rc != SQLITE_NOTADB) ||
						!begin_anew(h))
			break;
	}
	note(h, rc == SQLITE_DONE);
}

static void bind_texts(sqlite3_stmt *s, int first, const char *const *texts, int count)
{
	for (int i = 0; i < count; i++)
		sqlite3_bind_text(s, first + i, texts[i], -1, SQLITE_STATIC);
}

struct finding_row {
	const struct finding *finding;
	unsigned processes;
};

static void bind_finding(sqlite3_stmt *s, const void *arg)
{
	const struct finding_row *row = arg;
	const struct finding *f = row->finding;

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
	sqlite3_bind_int(s, 20, (int)row->processes);
}

void history_add_finding(struct history *h, const struct finding *f, unsigned processes)
{
	if (h)
		add(h, ROW_FINDING, bind_finding, &(struct finding_row){ f, processes });
}

static void bind_memory(sqlite3_stmt *s, const void *arg)
{
	const struct memory_row *m = arg;

	sqlite3_bind_int64(s, 1, m->time);
	bind_texts(s, 2, (const char *const[]){ m->service, m->release, m->pod }, 3);
	sqlite3_bind_int(s, 5, (int)m->processes);
	sqlite3_bind_double(s, 6, m->bytes);
	sqlite3_bind_double(s, 7, m->bytes_per_second);
}

void history_add_memory(struct history *h, const struct memory_row *m)
{
	if (h)
		add(h, ROW_MEMORY, bind_memory, m);
}

static void bind_pauses(sqlite3_stmt *s, const void *arg)
{
	const struct pauses_row *p = arg;

	sqlite3_bind_int64(s, 1, p->time);
	bind_texts(s, 2, (const char *const[]){ p->service, p->release, p->container, p->pod }, 4);
	sqlite3_bind_int(s, 6, p->pid);
	sqlite3_bind_double(s, 7, p->sum->seconds);
	sqlite3_bind_int64(s, 8, (int64_t)p->sum->count);
	sqlite3_bind_int64(s, 9, (int64_t)p->sum->total_ns);
	sqlite3_bind_int64(s, 10, (int64_t)p->sum->max_ns);
	bind_texts(s, 11, (const char *const[]){ p->sum->function, p->sum->file }, 2);
	sqlite3_bind_int(s, 13, p->sum->line);
}

void history_add_pauses(struct history *h, const struct pauses_row *p)
{
	if (h)
		add(h, ROW_PAUSES, bind_pauses, p);
}

/* Is the file that is open still the one of that name? */
static bool is_there(const struct history *h)
{
	struct stat st;

	return h->db && stat(h->path, &st) == 0 && st.st_dev == h->device &&
	       st.st_ino == h->inode;
}

/*
 * Does it still begin as it must? What was read once is not read again, so that whoever writes
 * would not notice damage for long. The rest is checked when it is opened.
 */
static bool is_database(const struct history *h)
{
	static const char magic[] = "SQLite format 3";
	char text[sizeof(magic)] = "";
	int fd = open(h->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	if (fd >= 0)
		close(fd);
	return n == sizeof(text) && memcmp(text, magic, sizeof(text)) == 0;
}

void history_trim(struct history *h)
{
	struct err why = { 0 };
	char sql[260];
	long long before;

	if (!h)
		return;
	if (h->failing || !is_there(h)) {
		disconnect(h);
		if (connect(h, &why))
			return;
	} else if (!is_database(h) && !begin_anew(h)) {
		return;
	}
	before = (long long)time(NULL) - (long long)(h->keep_ns / 1000000000ull);
	snprintf(sql, sizeof(sql),
		 "DELETE FROM finding WHERE time < %lld; DELETE FROM memory WHERE time < %lld;"
		 "DELETE FROM pauses WHERE time < %lld; PRAGMA incremental_vacuum(256);",
		 before, before, before);
	sqlite3_exec(h->db, sql, NULL, NULL, NULL);
}

uint64_t history_lost(const struct history *h)
{
	return h ? h->lost : 0;
}

bool history_fails(const struct history *h)
{
	return h && h->failing;
}
