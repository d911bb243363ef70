// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of loader.h share: the skeleton, before it is loaded.
 */
#ifndef PYLEAK_PROBE_LOADER_SKELETON_H
#define PYLEAK_PROBE_LOADER_SKELETON_H

#include <sys/types.h>

#include "../util/err.h"

struct bpf_program;
struct loader_parts;
struct pyleak;

/* Leave out what @parts do not ask for, and tell the programs what they say. */
void loader_choose(struct pyleak *s, const struct loader_parts *parts);

/* The programs of enum loader_program and enum loader_hook. */
struct bpf_program *loader_program_of(const struct pyleak *s, int which);
struct bpf_program *loader_hook_of(const struct pyleak *s, int which);

/* Why did loading fail with @rc? @log is the verifier's, and is cut up. Returns an error. */
int loader_explain(int rc, pid_t pid, char *log, struct err *e);

#endif
