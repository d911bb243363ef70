// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent is told. Every key has a default, so that no file is needed; docs/fleet.md has
 * them all.
 */
#ifndef PYLEAK_AGENT_CONFIG_H
#define PYLEAK_AGENT_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../util/err.h"

#define CONFIG_FILE "/etc/pyleak/agent.conf" /* read where it exists and no other is named */
#define CONFIG_TEXT 256

struct config {
	struct {
		uint64_t interval_ns; /* between two readings of memory */
		uint64_t scan_ns;     /* between two searches for new processes */
	} watch;
	struct {
		long concurrent;
		uint64_t duration_ns;  /* 0: until clear */
		double budget_percent; /* of the CPU time of the process looked at */
		double host_percent;   /* of one CPU, for all looks, over hours */
		double burst_seconds; /* of CPU, that looks may use after they used none for long */
		uint64_t again_ns;    /* until a process is looked at again; then twice that, ... */
		uint64_t again_most_ns;
		bool collections; /* watch the garbage collector meanwhile */
	} look;
	struct {
		char path[CONFIG_TEXT]; /* "": no history */
		uint64_t keep_ns;
		long most_mib;
	} history;
	struct {
		char listen[CONFIG_TEXT]; /* "ADDRESS:PORT"; "": nothing is served */
		char token_file[CONFIG_TEXT];
		char certificate[CONFIG_TEXT], key[CONFIG_TEXT]; /* PEM files; "": no TLS */
	} serve;
	struct {
		/* URLs */
		char remote_write[CONFIG_TEXT], otlp[CONFIG_TEXT], profiles[CONFIG_TEXT];
		char parca[CONFIG_TEXT];
		char token_file[CONFIG_TEXT], ca_file[CONFIG_TEXT];
		uint64_t interval_ns;
		long buffer_kib; /* for each destination */
	} push;
	struct {
		bool json;		    /* a line for each finding, on standard output */
		char profiles[CONFIG_TEXT]; /* folder for pprof files; "": none are written */
	} output;
	bool values; /* privacy: may keys and values of targets leave the process? */
};

void config_defaults(struct config *c);

/*
 * Read @path over the defaults; NULL reads CONFIG_FILE, which need not exist. 0; or -EINVAL
 * (-errno) with @e that names file and line; *@c is then of no use.
 */
int config_read(struct config *c, const char *path, struct err *e);

/* Print every key and its value, as a file that config_read() takes. */
void config_print(const struct config *c, FILE *out);

#endif
