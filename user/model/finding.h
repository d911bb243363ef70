// SPDX-License-Identifier: Apache-2.0
/*
 * A candidate as a fleet sees it: the same leak has the same id on every host, in every process and
 * after every restart, and nothing in it is data of the target.
 */
#ifndef PYLEAK_MODEL_FINDING_H
#define PYLEAK_MODEL_FINDING_H

#include "report.h"

struct finding {
	char id[17]; /* hex; a hash of holder, type, function and file, no address and no line */
	enum verdict verdict;
	double confidence;
	double bytes_per_second, objects_per_second;
	int64_t inuse_bytes, inuse_objects;
	char service[96], release[64], container[80], pod[160], python[32];
	char holder[256], type[96];
	char function[128], file[256];
	int line; /* 0: unknown */
	int pid;  /* of the process looked at last */
	struct timespec seen;
};

/*
 * The finding that @c of @r is. Keys and indexes in the holder's path become "[*]" unless @values
 * is set, so that "STATE['users']['eve@example.com']" is "STATE[*]".
 */
void finding_of(struct finding *f, const struct report *r, const struct candidate *c, bool values);

/*
 * "app/cache.py" of "/srv/releases/1.8.2/shop/app/cache.py", "site-packages/flask/app.py" of an
 * installed package: what stays the same wherever it is installed.
 */
const char *finding_file(const char *path);

/* Take out of @r what is data of the target: keys in paths, examples, texts that may quote them. */
void finding_hide_values(struct report *r);

/* The same for one path, in place. */
void finding_hide_keys(char *path);

#endif
