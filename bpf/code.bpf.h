/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The name and the file of a code object, copied while a frame runs it: what exec() compiled is
 * gone before user space comes to read it, and its memory may hold another code object.
 */
#ifndef PYLEAK_CODE_BPF_H
#define PYLEAK_CODE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "read.bpf.h"
#include "unwind.bpf.h"

/* The text of a compact ASCII str, cut at @cap - 1 bytes; its state word says if it is one. */
static __always_inline void code_text(unwind_layout *l, __u64 text, char *into, __u32 cap,
				      __u32 *state)
{
	*state = 0;
	read_target(state, sizeof(*state), text + l->us_state);
	into[0] = '\0';
	bpf_probe_read_user_str(into, cap, (const void *)(text + l->us_ascii_data));
}

static __always_inline void code_copy(unwind_layout *l, __u64 code, struct py_code_copy *copy)
{
	code_text(l, read_target_word(code + l->co_name), copy->name, sizeof(copy->name),
		  &copy->name_state);
	code_text(l, read_target_word(code + l->co_filename), copy->file, sizeof(copy->file),
		  &copy->file_state);
}

#endif
