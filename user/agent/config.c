// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../util/units.h"

#define SECOND 1000000000ull
#define DAY (24 * 3600 * SECOND)

enum kind { DURATION, NUMBER, REAL, TEXT, YES_NO };

/* Least and most are in seconds for durations. */
static const struct key {
	const char *section, *name;
	enum kind kind;
	size_t offset;
	double least, most;
} keys[] = {
#define KEY(section, name, field, kind, least, most)                                       \
	{                                                                                  \
#section, #name, kind, offsetof(struct config, section.field), least, most \
	}
	KEY(watch, interval, interval_ns, DURATION, 1, 600),
	KEY(watch, scan, scan_ns, DURATION, 1, 3600),
	KEY(look, concurrent, concurrent, NUMBER, 0, 8),
	KEY(look, duration, duration_ns, DURATION, 1, 300),
	KEY(look, budget_percent, budget_percent, REAL, 0.01, 100),
	KEY(look, host_percent, host_percent, REAL, 0.01, 100),
	KEY(look, burst, burst_seconds, REAL, 0.1, 3600),
	KEY(look, again, again_ns, DURATION, 10, 86400),
	KEY(look, again_most, again_most_ns, DURATION, 10, 7 * 86400),
	KEY(look, collections, collections, YES_NO, 0, 0),
	KEY(history, path, path, TEXT, 0, 0),
	KEY(history, keep, keep_ns, DURATION, 3600, 366 * 86400.0),
	KEY(history, most_mib, most_mib, NUMBER, 1, 65536),
	KEY(serve, listen, listen, TEXT, 0, 0),
	KEY(serve, token_file, token_file, TEXT, 0, 0),
	KEY(serve, certificate, certificate, TEXT, 0, 0),
	KEY(serve, key, key, TEXT, 0, 0),
	KEY(push, remote_write, remote_write, TEXT, 0, 0),
	KEY(push, otlp, otlp, TEXT, 0, 0),
	KEY(push, profiles, profiles, TEXT, 0, 0),
	KEY(push, parca, parca, TEXT, 0, 0),
	KEY(push, token_file, token_file, TEXT, 0, 0),
	KEY(push, ca_file, ca_file, TEXT, 0, 0),
	KEY(push, interval, interval_ns, DURATION, 1, 3600),
	KEY(push, buffer_kib, buffer_kib, NUMBER, 16, 65536),
	KEY(output, json, json, YES_NO, 0, 0),
	KEY(output, profiles, profiles, TEXT, 0, 0),
	{ "privacy", "values", YES_NO, offsetof(struct config, values), 0, 0 },
};

struct reading {
	struct config *config;
	char why[256];
};

void config_defaults(struct config *c)
{
	*c = (struct config){
		.watch = { .interval_ns = 5 * SECOND, .scan_ns = 15 * SECOND },
		.look = { .concurrent = 2,
			  .budget_percent = 1,
			  .host_percent = 2,
			  .burst_seconds = 30,
			  .again_ns = 120 * SECOND,
			  .again_most_ns = 6 * 3600 * SECOND },
		.history = { .path = "/var/lib/pyleak/history.db",
			     .keep_ns = 30 * DAY,
			     .most_mib = 256 },
		.serve = { .listen = "127.0.0.1:9317" },
		.push = { .interval_ns = 30 * SECOND, .buffer_kib = 1024 },
	};
}

static bool set_duration(void *at, const char *value, const struct key *key)
{
	uint64_t ns;

	if (units_parse_duration(value, &ns) || (double)ns < key->least * SECOND ||
	    (double)ns > key->most * SECOND)
		return false;
	*(uint64_t *)at = ns;
	return true;
}

static bool set_number(void *at, const char *value, const struct key *key)
{
	char *end;
	double number = strtod(value, &end);

	if (end == value || *end || !(number >= key->least && number <= key->most))
		return false;
	if (key->kind == REAL) {
		*(double *)at = number;
		return true;
	}
	*(long *)at = (long)number;
	return number == (double)(long)number;
}

static bool set(struct config *c, const struct key *key, const char *value)
{
	void *at = (char *)c + key->offset;

	switch (key->kind) {
	case DURATION:
		return set_duration(at, value, key);
	case NUMBER:
	case REAL:
		return set_number(at, value, key);
	case TEXT:
		return snprintf(at, CONFIG_TEXT, "%s", value) < CONFIG_TEXT;
	case YES_NO:
		*(bool *)at = strcmp(value, "yes") == 0;
		return *(bool *)at || strcmp(value, "no") == 0;
	}
	return false;
}

static void explain(struct reading *r, const struct key *key, const char *value)
{
	switch (key->kind) {
	case DURATION:
		snprintf(r->why, sizeof(r->why),
			 "%s = %.64s: not a duration of %g to %g seconds; write 15s, 2m, 6h",
			 key->name, value, key->least, key->most);
		break;
	case NUMBER:
	case REAL:
		snprintf(r->why, sizeof(r->why), "%s = %.64s: not a %snumber from %g to %g",
			 key->name, value, key->kind == NUMBER ? "whole " : "", key->least,
			 key->most);
		break;
	case TEXT:
		snprintf(r->why, sizeof(r->why), "%s: longer than %d characters", key->name,
			 CONFIG_TEXT - 1);
		break;
	case YES_NO:
		snprintf(r->why, sizeof(r->why), "%s = %.64s: neither yes nor no", key->name,
			 value);
		break;
	}
}

/* Of inih: 1 goes on, 0 makes this the line of the error. */
static int take(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *r = arg;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0)
			continue;
		if (set(r->config, &keys[i], value))
			return 1;
		if (!r->why[0])
			explain(r, &keys[i], value);
		return 0;
	}
	if (!r->why[0])
		snprintf(r->why, sizeof(r->why), "there is no key '%.64s' in [%.64s]", name,
			 section);
	return 0;
}

/* What only several keys together make wrong. */
static const char *contradiction(const struct config *c)
{
	if (c->serve.listen[0] && !strrchr(c->serve.listen, ':'))
		return "serve: listen is ADDRESS:PORT, such as 127.0.0.1:9317";
	if (!c->serve.certificate[0] != !c->serve.key[0])
		return "serve: certificate and key belong together";
	if (c->look.again_most_ns < c->look.again_ns)
		return "look: again_most is less than again";
	return NULL;
}

int config_read(struct config *c, const char *path, struct err *e)
{
	struct reading reading = { .config = c };
	const char *wrong;
	int line;

	config_defaults(c);
	if (!path && access(CONFIG_FILE, F_OK) != 0)
		return 0;
	path = path ? path : CONFIG_FILE;
	line = ini_parse(path, take, &reading);
	if (line < 0)
		return err_set(e, -errno, EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (line > 0)
		return err_set(e, -EINVAL, EXIT_USAGE, "%s, line %d: %s", path, line,
			       reading.why[0] ? reading.why : "not understood");
	wrong = contradiction(c);
	if (wrong)
		return err_set(e, -EINVAL, EXIT_USAGE, "%s: %s", path, wrong);
	return 0;
}

void config_print(const struct config *c, FILE *out)
{
	const char *section = "";

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct key *key = &keys[i];
		const void *at = (const char *)c + key->offset;

		if (strcmp(section, key->section) != 0)
			fprintf(out, "[%s]\n", key->section);
		section = key->section;
		if (key->kind == TEXT)
			fprintf(out, "%s = %s\n", key->name, (const char *)at);
		else if (key->kind == YES_NO)
			fprintf(out, "%s = %s\n", key->name, *(const bool *)at ? "yes" : "no");
		else if (key->kind == NUMBER)
			fprintf(out, "%s = %ld\n", key->name, *(const long *)at);
		else if (key->kind == REAL)
			fprintf(out, "%s = %.15g\n", key->name, *(const double *)at);
		else if (*(const uint64_t *)at)
			fprintf(out, "%s = %.15gs\n", key->name,
				(double)*(const uint64_t *)at / SECOND);
		else
			fprintf(out, "; %s: until the answer is clear\n", key->name);
	}
}
