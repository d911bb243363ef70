// SPDX-License-Identifier: Apache-2.0
#include "push.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../util/clock.h"
#include "exporter.h"
#include "profiles.h"
#include "serve.h"

#define QUEUE_MAX 64 /* messages */
#define FDS_MAX 32
#define TIMEOUT_SECONDS 10L
#define RETRY_FIRST_NS 1000000000ull
#define RETRY_MOST_NS (60 * 1000000000ull)
#define TOKEN_MAX 256
#define URL_MAX 1024

struct message {
	unsigned char *body; /* owned */
	size_t len;
	char query[PROFILES_QUERY_MAX]; /* behind the URL */
};

struct destination {
	enum push_kind kind;
	const struct exporter *exporter; /* NULL: profiles */
	char url[URL_MAX];		 /* "": not used */
	struct message queue[QUEUE_MAX]; /* oldest first; [0] is in flight while `busy` */
	unsigned count;
	size_t bytes;
	bool busy;
	uint64_t retry_ns, wait_ns;
	CURL *curl;
	struct curl_slist *headers;
};

struct push {
	CURLM *multi;
	struct destination to[PUSH_KINDS];
	struct push_counts counts;
	size_t buffer_bytes;
	char token[TOKEN_MAX];
	char ca_file[256];
	char host[65];
};

static size_t ignore(char *data, size_t size, size_t count, void *arg)
{
	(void)data, (void)arg;
	return size * count;
}

static int open_destination(struct push *p, struct destination *d, const char *url)
{
	static const char *const profile_headers[] = { "Content-Type: application/octet-stream",
						       NULL };
	static const char *const parca_headers[] = { "Content-Type: application/json", NULL };
	const char *const *headers = d->exporter	     ? d->exporter->headers
				     : d->kind == PUSH_PARCA ? parca_headers
							     : profile_headers;
	char authorization[TOKEN_MAX + 32];

	snprintf(d->url, sizeof(d->url), "%s", url);
	d->curl = curl_easy_init();
	for (; *headers; headers++)
		d->headers = curl_slist_append(d->headers, *headers);
	d->headers = curl_slist_append(d->headers, "Expect:"); /* no round trip before the body */
	if (p->token[0]) {
		snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s",
			 p->token);
		d->headers = curl_slist_append(d->headers, authorization);
	}
	if (!d->curl || !d->headers)
		return -ENOMEM;
	curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, d->headers);
	curl_easy_setopt(d->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(d->curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	curl_easy_setopt(d->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(d->curl, CURLOPT_USERAGENT, "pyleak/" PYLEAK_VERSION);
	curl_easy_setopt(d->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(d->curl, CURLOPT_PRIVATE, d);
	if (p->ca_file[0])
		curl_easy_setopt(d->curl, CURLOPT_CAINFO, p->ca_file);
	return 0;
}

int push_open(struct push **out, const struct push_options *o, struct err *e)
{
	static const struct exporter *const exporters[PUSH_KINDS] = {
		[PUSH_REMOTE_WRITE] = &exporter_remote_write, [PUSH_OTLP] = &exporter_otlp
	};
	struct push *p = calloc(1, sizeof(*p));
	int err = 0;

	*out = p;
	if (!p)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to push");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	p->multi = curl_multi_init();
	p->buffer_bytes = o->buffer_bytes;
	snprintf(p->host, sizeof(p->host), "%s", o->host);
	snprintf(p->ca_file, sizeof(p->ca_file), "%s", o->ca_file);
	if (!p->multi)
		err = err_set(e, -ENOMEM, EXIT_FAILED, "no memory to push");
	if (!err && o->token_file[0])
		err = read_token(o->token_file, p->token, sizeof(p->token), e);
	for (unsigned kind = 0; kind < PUSH_KINDS && !err; kind++) {
		p->to[kind].kind = (enum push_kind)kind;
		p->to[kind].exporter = exporters[kind];
		if (o->url[kind][0])
			err = open_destination(p, &p->to[kind], o->url[kind]);
	}
	if (err) {
		push_close(p);
		*out = NULL;
	}
	return err;
}

static void remove_first(struct destination *d, unsigned at)
{
	d->bytes -= d->queue[at].len;
	free(d->queue[at].body);
	d->count--;
	memmove(d->queue + at, d->queue + at + 1, (d->count - at) * sizeof(*d->queue));
}

void push_close(struct push *p)
{
	if (!p)
		return;
	for (unsigned kind = 0; kind < PUSH_KINDS; kind++) {
		struct destination *d = &p->to[kind];

		if (d->busy)
			curl_multi_remove_handle(p->multi, d->curl);
		while (d->count)
			remove_first(d, 0);
		curl_easy_cleanup(d->curl);
		curl_slist_free_all(d->headers);
	}
	curl_multi_cleanup(p->multi);
	curl_global_cleanup();
	free(p);
}

/* Takes @body over. The oldest that is not in flight makes room. */
static void enqueue(struct push *p, struct destination *d, unsigned char *body, size_t len,
		    const char *query)
{
	unsigned first = d->busy ? 1 : 0;

	while (d->count > first && (d->count == QUEUE_MAX || d->bytes + len > p->buffer_bytes)) {
		remove_first(d, first);
		p->counts.lost[d->kind]++;
	}
	if (len > p->buffer_bytes || d->count == QUEUE_MAX) {
		p->counts.lost[d->kind]++;
		free(body);
		return;
	}
	d->queue[d->count] = (struct message){ .body = body, .len = len };
	snprintf(d->queue[d->count].query, sizeof(d->queue[d->count].query), "%s", query);
	d->count++;
	d->bytes += len;
}

void push_metrics(struct push *p, const struct metrics *m)
{
	for (unsigned kind = 0; kind < PUSH_KINDS; kind++) {
		struct destination *d = &p->to[kind];
		unsigned char *body;
		size_t len;

		if (!d->url[0] || !d->exporter)
			continue;
		if (m->failed || d->exporter->write(m, &body, &len))
			p->counts.lost[kind]++;
		else
			enqueue(p, d, body, len, "");
	}
}

static void push_parca(struct push *p, const struct report *r, const char *pprof, size_t len)
{
	struct destination *d = &p->to[PUSH_PARCA];
	char *body;
	size_t body_len;

	if (!d->url[0])
		return;
	if (profiles_parca(r, p->host, pprof, len, &body, &body_len))
		p->counts.lost[PUSH_PARCA]++;
	else
		enqueue(p, d, (unsigned char *)body, body_len, "");
}

void push_profile(struct push *p, const struct report *r)
{
	bool profiles = p->to[PUSH_PROFILES].url[0], parca = p->to[PUSH_PARCA].url[0];
	char *pprof, query[PROFILES_QUERY_MAX];
	size_t len;

	if (!profiles && !parca)
		return;
	if (profiles_pprof(r, &pprof, &len)) {
		p->counts.lost[PUSH_PROFILES] += profiles;
		p->counts.lost[PUSH_PARCA] += parca;
		return;
	}
	push_parca(p, r, pprof, len);
	if (profiles) {
		profiles_query(r, p->host, query);
		enqueue(p, &p->to[PUSH_PROFILES], (unsigned char *)pprof, len, query);
	} else {
		free(pprof);
	}
}

static void send_next(struct push *p, struct destination *d)
{
	char url[URL_MAX + PROFILES_QUERY_MAX];

	if (d->busy || !d->count || clock_ns() < d->retry_ns)
		return;
	snprintf(url, sizeof(url), "%s%s", d->url, d->queue[0].query);
	curl_easy_setopt(d->curl, CURLOPT_URL, url);
	curl_easy_setopt(d->curl, CURLOPT_POSTFIELDS, d->queue[0].body);
	curl_easy_setopt(d->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)d->queue[0].len);
	d->busy = curl_multi_add_handle(p->multi, d->curl) == CURLM_OK;
}

/* A server that answers whatever it is asked with a page took nothing, as Parca before 0.25. */
static bool is_page(CURL *curl)
{
	const char *type = NULL;

	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	return type && strncmp(type, "text/html", strlen("text/html")) == 0;
}

static bool is_taken(CURL *curl, long status)
{
	return status >= 200 && status < 300 && !is_page(curl);
}

/* Is it of no use to send the same again? */
static bool is_refused(CURL *curl, long status)
{
	return (status >= 400 && status < 500 && status != 408 && status != 429) ||
	       (status < 300 && is_page(curl));
}

static void finish(struct push *p, struct destination *d, CURLcode result)
{
	long status = 0;

	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(p->multi, d->curl);
	d->busy = false;
	if (result == CURLE_OK && is_taken(d->curl, status)) {
		p->counts.sent[d->kind]++;
		p->counts.bytes[d->kind] += d->queue[0].len;
		remove_first(d, 0);
		d->wait_ns = d->retry_ns = 0;
		return;
	}
	p->counts.failed[d->kind]++;
	if (result == CURLE_OK && is_refused(d->curl, status)) {
		p->counts.lost[d->kind]++;
		remove_first(d, 0);
	}
	d->wait_ns = d->wait_ns ? 2 * d->wait_ns : RETRY_FIRST_NS;
	if (d->wait_ns > RETRY_MOST_NS)
		d->wait_ns = RETRY_MOST_NS;
	d->retry_ns = clock_ns() + d->wait_ns;
}

static void proceed(struct push *p)
{
	CURLMsg *message;
	int running, left;

	for (unsigned kind = 0; kind < PUSH_KINDS; kind++)
		send_next(p, &p->to[kind]);
	curl_multi_perform(p->multi, &running);
	while ((message = curl_multi_info_read(p->multi, &left))) {
		struct destination *d;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&d);
		finish(p, d, message->data.result);
	}
}

void push_wait(struct push *p, const int *fds, unsigned count, int timeout_ms)
{
	struct curl_waitfd wait[FDS_MAX];
	unsigned used = 0;

	for (unsigned i = 0; i < count && used < FDS_MAX; i++)
		if (fds[i] >= 0)
			wait[used++] =
				(struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
	proceed(p);
	curl_multi_poll(p->multi, wait, used, timeout_ms, NULL);
	proceed(p);
}

void push_count(const struct push *p, struct push_counts *counts)
{
	*counts = p->counts;
}
