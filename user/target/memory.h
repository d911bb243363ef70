// SPDX-License-Identifier: Apache-2.0
/*
 * Reading another process's memory: bounded, counted, never a write and never a stop.
 *
 * process_vm_readv(2) copies while the target runs, so what was read may be torn; callers check
 * what they read. Every read goes through here, and so `bytes` is what the report calls
 * cost.bytes_read.
 */
#ifndef PYLEAK_TARGET_MEMORY_H
#define PYLEAK_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* x86-64 and arm64 user addresses: below 2^47 (48-bit kernels hand out more only when asked). */
#define REMOTE_ADDR_MAX (1ULL << 47)

struct remote {
	pid_t pid;
	uint64_t bytes; /* copied out of the target so far */
	uint64_t calls; /* system calls made for that */
};

void remote_init(struct remote *r, pid_t pid);

/*
 * Copy exactly @len bytes at @addr into @buf. 0; -EFAULT where any byte is not mapped (buf is then
 * undefined); -ESRCH where the process is gone; -EPERM.
 */
int remote_read(struct remote *r, uint64_t addr, void *buf, size_t len);

/* Copy as much of a mapped prefix as there is; bytes copied (may be short), or -errno as above if
 * none. */
ssize_t remote_read_some(struct remote *r, uint64_t addr, void *buf, size_t len);

/* One word; 0 and false where it cannot be read. */
bool remote_u64(struct remote *r, uint64_t addr, uint64_t *value);
bool remote_u32(struct remote *r, uint64_t addr, uint32_t *value);

/* A C string of at most @cap - 1 bytes, always terminated; its length, or -errno. Stops at unmapped
 * memory. */
ssize_t remote_cstr(struct remote *r, uint64_t addr, char *buf, size_t cap);

/* Could @addr be the address of an object: in user range, not null page, aligned to 8? */
static inline bool remote_plausible(uint64_t addr)
{
	return addr >= 0x1000 && addr < REMOTE_ADDR_MAX && (addr & 7) == 0;
}

#endif
