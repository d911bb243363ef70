// SPDX-License-Identifier: Apache-2.0
#include "sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/printable.h"

#define STATE_LISTEN 10

/* By number, include/net/tcp_states.h. */
static const char *const states[] = { "",	    "ESTABLISHED", "SYN_SENT",	"SYN_RECV",
				      "FIN_WAIT1", "FIN_WAIT2",	  "TIME_WAIT", "CLOSE",
				      "CLOSE_WAIT", "LAST_ACK",	  "LISTEN",	"CLOSING" };

struct sockets {
	struct descriptor **wanted; /* owned, ordered by inode */
	size_t count;
	uint8_t listening[1 << 13]; /* a bit a port */
};

static int by_inode(const void *a, const void *b)
{
	uint64_t x = (*(struct descriptor *const *)a)->inode;
	uint64_t y = (*(struct descriptor *const *)b)->inode;

	return (x > y) - (x < y);
}

/* The first of those with that inode (dup makes several), or NULL. */
static struct descriptor **find(const struct sockets *s, uint64_t inode)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->wanted[middle]->inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->count && s->wanted[low]->inode == inode ? &s->wanted[low] : NULL;
}

/* "0100007F:1F90": words of the address as the machine has them, port. */
static bool parse_end(const char *text, struct socket_end *end)
{
	const char *colon = strchr(text, ':');
	size_t words = colon ? (size_t)(colon - text) / 8 : 0;

	if (words != 1 && words != 4)
		return false;
	*end = (struct socket_end){ .family = words == 1 ? AF_INET : AF_INET6 };
	for (size_t i = 0; i < words; i++) {
		char hex[9] = "";
		uint32_t word;

		memcpy(hex, text + 8 * i, 8);
		word = (uint32_t)strtoul(hex, NULL, 16);
		memcpy(end->address + 4 * i, &word, sizeof(word));
	}
	end->port = (uint16_t)strtoul(colon + 1, NULL, 16);
	return true;
}

static void write_end(const struct socket_end *end, char *buf, size_t cap)
{
	static const uint8_t any[16];
	char address[INET6_ADDRSTRLEN] = "";

	if (memcmp(end->address, any, sizeof(any)) != 0)
		inet_ntop(end->family, end->address, address, sizeof(address));
	snprintf(buf, cap, end->family == AF_INET6 && address[0] ? "[%s]:%u" : "%s:%u", address,
		 end->port);
}

static void describe(const struct sockets *s, struct descriptor *d, const char *protocol,
		     unsigned state)
{
	const char *name = state < sizeof(states) / sizeof(states[0]) ? states[state] : "?";
	char local[64], remote[64];

	write_end(&d->local, local, sizeof(local));
	write_end(&d->remote, remote, sizeof(remote));
	if (state == STATE_LISTEN)
		snprintf(d->what, sizeof(d->what), "%s listening on %s", protocol, local);
	else if (!d->remote.port)
		snprintf(d->what, sizeof(d->what), "%s %s%s", protocol,
			 d->local.port ? "bound to " : "not connected",
			 d->local.port ? local : "");
	else if (s->listening[d->local.port / 8] & 1 << d->local.port % 8)
		snprintf(d->what, sizeof(d->what), "%s accepted on %s, %s", protocol, local, name);
	else
		snprintf(d->what, sizeof(d->what), "%s to %s, %s", protocol, remote, name);
}

/* Call @fn for each line behind the first of /proc/PID/net/NAME. */
static void each_line(struct sockets *s, pid_t pid, const char *name,
		      void (*fn)(struct sockets *s, const char *protocol, const char *line))
{
	char path[64], protocol[8], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, name);
	snprintf(protocol, sizeof(protocol), "%.3s", name); /* "tcp" of tcp6 */
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f))
		while (fgets(line, sizeof(line), f))
			fn(s, protocol, line);
	fclose(f);
}

struct line {
	struct socket_end local, remote;
	unsigned state;
	uint64_t inode;
};

static bool parse_line(const char *text, struct line *out)
{
	char local[48], remote[48];
	unsigned long long inode;

	/* sl local remote st tx:rx tr:when retrnsmt uid timeout inode */
	if (sscanf(text, " %*s %47s %47s %x %*s %*s %*s %*s %*s %llu", local, remote, &out->state,
		   &inode) != 4)
		return false;
	out->inode = inode;
	return parse_end(local, &out->local) && parse_end(remote, &out->remote);
}

static void note_listening(struct sockets *s, const char *protocol, const char *text)
{
	struct line line;

	(void)protocol;
	if (parse_line(text, &line) && line.state == STATE_LISTEN)
		s->listening[line.local.port / 8] |= (uint8_t)(1 << line.local.port % 8);
}

static void take_internet(struct sockets *s, const char *protocol, const char *text)
{
	struct line line;
	struct descriptor **at;

	if (!parse_line(text, &line))
		return;
	at = find(s, line.inode);
	for (; at && at < s->wanted + s->count && (*at)->inode == line.inode; at++) {
		(*at)->local = line.local;
		(*at)->remote = line.remote;
		describe(s, *at, protocol, line.state);
	}
}

static void take_unix(struct sockets *s, const char *protocol, const char *text)
{
	unsigned long long inode;
	struct descriptor **at;
	char path[108] = "";
	unsigned state;

	(void)protocol;
	/* Num RefCount Protocol Flags Type St Inode Path */
	if (sscanf(text, "%*s %*s %*s %*s %*s %x %llu %107[^\n]", &state, &inode, path) < 2)
		return;
	at = find(s, inode);
	for (; at && at < s->wanted + s->count && (*at)->inode == inode; at++) {
		char clean[108];

		printable_copy(clean, sizeof(clean), path, strlen(path));
		snprintf((*at)->what, sizeof((*at)->what), "unix%s%s%s", clean[0] ? " " : "",
			 clean, state == 1 ? ", not connected" : "");
	}
}

void sockets_describe(struct descriptors *d, pid_t pid)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6" };
	struct sockets s = { .wanted = calloc(d->count + 1, sizeof(struct descriptor *)) };

	if (!s.wanted)
		return;
	for (size_t i = 0; i < d->count; i++)
		if (d->descriptor[i].kind == RESOURCE_SOCKET)
			s.wanted[s.count++] = &d->descriptor[i];
	if (s.count) {
		qsort(s.wanted, s.count, sizeof(struct descriptor *), by_inode);
		for (size_t i = 0; i < 2; i++)
			each_line(&s, pid, tables[i], note_listening);
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			each_line(&s, pid, tables[i], take_internet);
		each_line(&s, pid, "unix", take_unix);
	}
	free(s.wanted);
}
