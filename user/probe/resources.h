// SPDX-License-Identifier: Apache-2.0
/*
 * The system calls that make and end descriptors, threads and mappings, counted in kernel maps by
 * Python stack. The maps are those of account.h, with keys of resource_key().
 *
 * As long as one tracepoint of a system call has a program, every call of every process takes the
 * kernel's slow way in and out: 65 ns (docs/overhead.md). So hooks are attached for a while only,
 * and taken off by a thread of their own, because each takes some 70 ms to go.
 */
#ifndef PYLEAK_PROBE_RESOURCES_H
#define PYLEAK_PROBE_RESOURCES_H

#include "../cpython/runtime.h"
#include "../target/process.h"
#include "account.h"

#define RESOURCES_LIVE_MAX (1u << 17) /* resources kept; 12 MiB of kernel memory */
#define RESOURCES_SITES_MAX (1u << 13)

enum resources_hooks {
	RESOURCES_MAKE, /* calls that make resources, and arguments at their entry */
	RESOURCES_END,
	RESOURCES_HOOKS,
};

struct resources_probe;

/* Load programs and maps; nothing is attached yet. 0, or -errno with @e set. */
int resources_open(struct resources_probe **out, const struct process *p,
		   const struct py_runtime *rt, struct err *e);
/* Waits for hooks that are being taken off. */
void resources_close(struct resources_probe *p);

/*
 * Attach one half; RESOURCES_END first, or what is made is not seen to end. System calls that this
 * kernel does not have are passed over. 0, or -errno with @e set; then none is attached.
 */
int resources_attach(struct resources_probe *p, enum resources_hooks which, struct err *e);

/* Take one half off, in the background. */
void resources_detach(struct resources_probe *p, enum resources_hooks which);

/* For drain.h. Owned by @p. */
struct account *resources_account(struct resources_probe *p);

/*
 * What the programs took of the target's time so far, in ns, with the way to them; in *@kept_ns the
 * part that is for what is kept, which resources_thin() makes less.
 */
double resources_cost_ns(const struct resources_probe *p, uint64_t *hits, double *kept_ns);

/* Keep one resource of 2^@shift, from now on; it only rises. */
void resources_thin(struct resources_probe *p, uint32_t shift);

#endif
