// SPDX-License-Identifier: Apache-2.0
/*
 * What a look at a process found. Filled by session/, judged by rank/, printed by output/. Plain
 * data: all text is in the structs, so a report owns only its arrays. A number that is
 * unknown is UNKNOWN, a text that is unknown is "".
 */
#ifndef PYLEAK_MODEL_REPORT_H
#define PYLEAK_MODEL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define UNKNOWN INT64_MIN
#define REPORT_STACK_MAX 64
#define REPORT_EVIDENCE_MAX 8
#define REPORT_WALKS_MAX 8
#define REPORT_SOURCES_MAX 4

enum verdict {
	VERDICT_UNDECIDED,
	VERDICT_LEAK,
	VERDICT_CACHE,
	VERDICT_NATIVE,
	VERDICT_NO_GROWTH, /* of a report only */
	VERDICT_WARM_UP,
	VERDICT_FRAGMENTATION,
	VERDICT_REFCOUNT,
	VERDICT_RESOURCE,
};

const char *verdict_name(enum verdict v); /* the contract's words: "leak", "no-growth", ... */

/* One Python (or native) frame, resolved. line is 0 where unknown. */
struct frame {
	char file[256];
	char function[128];
	int line;
	bool native;
};

struct stack {
	struct frame frame[REPORT_STACK_MAX]; /* innermost first */
	uint32_t depth;
	bool truncated; /* there were more */
};

/* What the footprint of a process is made of, bytes; parts that were not measured are UNKNOWN. */
struct footprint {
	int64_t rss, pss, uss, swap;
	int64_t python_live, python_free, native_live, native_free;
	int64_t thread_stacks, file, shmem, other;
	int64_t native_trim; /* of native_free: whole pages that malloc_trim(3) would give back */
};

struct candidate {
	enum verdict verdict;
	double confidence; /* 0..1 */
	double settled_by; /* of one that is undecided: seconds of a look that would tell; 0: not
			      known */
	double bytes_per_second, objects_per_second;
	int64_t inuse_bytes, inuse_objects; /* what survives under it since the look began */
	char type[96];			    /* of the holder, "" unknown */
	char content[160];		    /* what it holds: "tuple x1200, str x1200" */
	char held_by[512];		    /* path from a root, "" when nobody was found */
	char example[512];		    /* path to one survivor */
	int64_t sizes[REPORT_WALKS_MAX]; /* of the holder at each walk; UNKNOWN where it has none */
	uint32_t siblings;		    /* holders that share the path, this one included */
	bool stored_known;
	struct frame stored_at;	       /* innermost Python frame that stored */
	struct frame stored_by; /* first frame outside the standard library, where that differs */
	bool allocated_known;
	struct frame allocated_at; /* innermost Python frame that allocated */
	struct stack stack;	   /* of the store; of the allocation where only that is known */
	uint32_t hits, hits_on_line;   /* watchpoint hits seen, and those on stored_at */
	char why_no_line[160];	       /* why stored_at is unknown, "" when known */
	char cause[128], advice[256];
	char evidence[REPORT_EVIDENCE_MAX][128];
	uint32_t evidence_count;
};

/* A line that allocated, whether or not it kept anything. */
struct allocating_line {
	struct frame at; /* innermost Python frame; no names: threads without Python code, or stacks
			    for which there was no room */
	double bytes_per_second, objects_per_second;
	int64_t inuse_bytes, inuse_objects; /* of those, at the end */
};

/* How much memory the process may have, and when it will. */
struct limit {
	int64_t bytes; /* UNKNOWN: no limit could be read */
	int64_t used;  /* of it, by all that counts against it */
	char of[160];  /* "cgroup /docker/7f3a", "this machine" */
	double growth, growth_low, growth_high;	   /* of RSS, bytes a second, 95 % */
	bool growth_known;			   /* there were sizes enough */
	double seconds, seconds_low, seconds_high; /* until it is reached; -1: not foreseeable */
};

/* What the allocating lines are of, as far as the build lets it be seen. */
enum lines_of {
	LINES_OF_ALL,
	LINES_OF_MALLOC,  /* malloc's and mmap's alone: CPython's allocator is inlined */
	/* Objects: CPython's, of unknown size and fate; bytes: malloc's and mmap's. */
	LINES_OF_INLINED,
};

struct loss {
	uint64_t dropped_events, truncated_stacks, unresolved_frames, map_full, torn_reads;
	uint64_t unreached_objects, unreached_bytes; /* survivors to which no path was found */
	uint64_t blind_threads;			     /* threads that could not be watched */
};

struct cost {
	double target_cpu_percent; /* < 0: unknown */
	uint64_t probe_hits, bytes_read, target_stopped_ns;
	double own_cpu_seconds;
	uint64_t own_rss_peak_bytes;
	/* Where allocations were sampled, in the order in which the budget is spent on it. */
	struct {
		char source[16]; /* "mmap", "libc", "pymalloc", "blocks"; "": nowhere */
		double share;	 /* of the time that probes were on, 0..1; < 0: cannot be probed */
	} sampled[REPORT_SOURCES_MAX];
};

struct report {
	int pid;
	char comm[32], python[32], build[48], build_id[64], container[80];
	char service[96], release[64]; /* what people call it, see target/service.h */
	int threads;
	struct timespec started;
	double duration_seconds;
	double walk_seconds[REPORT_WALKS_MAX]; /* when each walk began, after the look did */
	uint32_t walks;
	enum verdict verdict;
	char summary[256]; /* one sentence: what the verdict rests on, with the threshold applied */
	double threshold_bytes_per_second; /* growth below this is not called growth */
	struct footprint before, after;
	struct limit limit;
	struct candidate *candidates; /* owned */
	uint32_t count;
	struct allocating_line *lines; /* owned, most first; NULL: allocations were not counted */
	uint32_t line_count;
	enum lines_of lines_of;
	struct loss loss;
	struct cost cost;
	char warnings[6][256]; /* what a person should know: watchpoints denied, a walk cut, ... */
	uint32_t warning_count;
};

void report_release(struct report *r);
void report_warn(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void candidate_evidence(struct candidate *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
