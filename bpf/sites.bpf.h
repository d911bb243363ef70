/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a thread to its site: the Python stack it is in, by a hash of it, with totals in `sites`. A
 * stack that is new is sent to user space once, with its frames. account.bpf.c says how it is used.
 */
#ifndef PYLEAK_SITES_BPF_H
#define PYLEAK_SITES_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "code.bpf.h"
#include "config.bpf.h"
#include "drop.bpf.h"
#include "maps.bpf.h"
#include "thread.bpf.h"
#include "unwind.bpf.h"

extern volatile struct account_control account_control;

/* Tell user space of a stack it does not know; @line: of its innermost line alone. */
static __always_inline bool send_stack(struct account_thread *t, __u64 site, __u32 source,
				       bool line)
{
	struct stack_event *event = bpf_ringbuf_reserve(&stacks, sizeof(*event), 0);
	enum unwound end;

	if (!event) {
		count_drop(DROP_RINGBUF_FULL);
		return false;
	}
	event->site = site;
	event->source = source;
	end = unwind_most(&cfg_unwind, t->state, event->frame, line ? 1 : ACCOUNT_FRAMES,
			  &event->depth);
	if (event->depth)
		code_copy(&cfg_unwind, event->frame[0].code, &event->code);
	event->truncated = end != UNWOUND || line;
	event->pad = 0;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	if (end == UNWOUND_BAD && !line)
		count_drop(DROP_BAD_FRAME);
	return true;
}

/* The totals of a site that is new, or of a line that may be; NULL where it has no room. */
static __always_inline struct site_totals *add_site(struct account_thread *t, __u64 site,
						    __u32 source, bool line)
{
	struct site_totals zero = {}, *totals = line ? bpf_map_lookup_elem(&sites, &site) : NULL;

	if (totals)
		return totals;
	if (!line && account_control.sites >= cfg_stacks_max) {
		count_drop(DROP_SITES_FULL);
		return NULL;
	}
	if (!send_stack(t, site, source, line))
		return NULL;
	if (bpf_map_update_elem(&sites, &site, &zero, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&account_control.sites, 1);
	return bpf_map_lookup_elem(&sites, &site);
}

static __always_inline __u64 site_number(__u64 hash)
{
	return hash < SITE_STACKS ? hash + SITE_STACKS : hash;
}

/*
 * The site of a stack that is new, its number in *@site: itself, or where that has no room its
 * innermost line. The line comes first, so that it has a name once there is no room for more.
 */
static __always_inline struct site_totals *new_site(struct account_thread *t, __u32 source,
						    __u64 *site)
{
	struct site_totals *totals, *line_totals = NULL;
	__u64 line = ~(__u64)source;

	if (unwind_hash(&cfg_unwind, t->state, &t->window, 1, &t->depth, &line))
		line_totals = add_site(t, site_number(line), source, true);
	totals = add_site(t, *site, source, false);
	if (totals)
		return totals;
	*site = line_totals ? site_number(line) : SITE_OVERFLOW + source;
	return line_totals ? line_totals : bpf_map_lookup_elem(&sites, site);
}

/* The site of what the thread does now, its number in *@site. NULL: user space took it away. */
static __noinline struct site_totals *this_site(struct account_thread *t, __u32 source, __u64 *site)
{
	__u64 state = thread_state_again(&cfg_unwind, &t->pointer, &t->id, &t->state);
	struct site_totals *totals;

	*site = source;
	if (!state ||
	    !unwind_hash(&cfg_unwind, state, &t->window, ACCOUNT_FRAMES, &t->depth, site)) {
		*site = SITE_NATIVE + source;
		return bpf_map_lookup_elem(&sites, site);
	}
	*site = site_number(*site);
	totals = bpf_map_lookup_elem(&sites, site);
	return totals ? totals : new_site(t, source, site);
}

#endif
