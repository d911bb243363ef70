// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Longest piece of a string read at once; pieces end at multiples of it, so none straddles a page.
 */
#define CSTR_PIECE 256

void remote_init(struct remote *r, pid_t pid)
{
	*r = (struct remote){ .pid = pid };
}

/* One process_vm_readv(2): bytes copied, or -errno; never 0 for @len > 0. */
static ssize_t read_once(struct remote *r, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };
	ssize_t n;

	r->calls++;
	n = process_vm_readv(r->pid, &local, 1, &remote, 1, 0);
	if (n > 0) {
		r->bytes += (uint64_t)n;
		return n;
	}
	return n == 0 ? -EFAULT : -errno;
}

/*
 * The kernel stops at the first page it cannot get, and copies at most 0x7ffff000 bytes a call
 * (rw_copy_check_uvector() in fs/read_write.c), so a short count is followed by another try from
 * there.
 */
ssize_t remote_read_some(struct remote *r, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	if (len == 0)
		return 0;
	if (addr >= REMOTE_ADDR_MAX)
		return -EFAULT;
	if (len > REMOTE_ADDR_MAX - addr)
		len = (size_t)(REMOTE_ADDR_MAX - addr);
	while (done < len) {
		ssize_t n = read_once(r, addr + done, (char *)buf + done, len - done);

		if (n < 0)
			return done ? (ssize_t)done : n;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int remote_read(struct remote *r, uint64_t addr, void *buf, size_t len)
{
	ssize_t n = remote_read_some(r, addr, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EFAULT;
}

bool remote_u64(struct remote *r, uint64_t addr, uint64_t *value)
{
	*value = 0;
	return remote_read(r, addr, value, sizeof(*value)) == 0;
}

bool remote_u32(struct remote *r, uint64_t addr, uint32_t *value)
{
	*value = 0;
	return remote_read(r, addr, value, sizeof(*value)) == 0;
}

ssize_t remote_cstr(struct remote *r, uint64_t addr, char *buf, size_t cap)
{
	size_t len = 0;

	if (cap == 0)
		return -EINVAL;
	buf[0] = '\0';
	while (len < cap - 1) {
		size_t piece = CSTR_PIECE - ((addr + len) % CSTR_PIECE);
		const char *end;
		ssize_t n;

		if (piece > cap - 1 - len)
			piece = cap - 1 - len;
		n = remote_read_some(r, addr + len, buf + len, piece);
		if (n < 0) {
			buf[len] = '\0';
			return len ? (ssize_t)len : n;
		}
		end = memchr(buf + len, '\0', (size_t)n);
		if (end)
			return end - buf;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}
