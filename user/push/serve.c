// SPDX-License-Identifier: Apache-2.0
#include "serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "exporter.h"

#define CONNECTIONS_MAX 16
#define TIMEOUT_SECONDS 10
#define PEM_MAX 65536
#define TOKEN_MAX 256

struct serve {
	struct MHD_Daemon *daemon;
	struct serve_options options;
	char token[TOKEN_MAX]; /* "Bearer ..."; "": none */
	char *certificate, *key;
};

int read_token(const char *path, char *out, size_t cap, struct err *e)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return err_set(e, -errno, EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
	if (!fgets(out, (int)cap, f) || strcspn(out, "\n") == 0 || strlen(out) == cap - 1)
		err = err_set(e, -EINVAL, EXIT_USAGE, "%s holds no token of at most %zu characters",
			      path, cap - 2);
	out[strcspn(out, "\r\n")] = '\0';
	fclose(f);
	return err;
}

static int read_pem(const char *path, char **out, struct err *e)
{
	FILE *f = fopen(path, "re");
	size_t n;

	*out = f ? calloc(1, PEM_MAX) : NULL;
	if (!*out) {
		err_set(e, -errno, EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
		if (f)
			fclose(f);
		return -EINVAL;
	}
	n = fread(*out, 1, PEM_MAX - 1, f);
	fclose(f);
	return n ? 0 : err_set(e, -EINVAL, EXIT_USAGE, "%s is empty", path);
}

/* Takes as long wherever the two differ. */
static bool is_equal(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned char differs = len != strlen(b);

	for (size_t i = 0; i < len && !(differs && i >= strlen(b)); i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *header,
			      void *body, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	if (header)
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE,
					header + strlen("Content-Type: "));
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result answer_metrics(struct serve *s, struct MHD_Connection *c)
{
	struct metrics m;
	unsigned char *body = NULL;
	enum MHD_Result result = MHD_NO;
	size_t len = 0;

	s->options.measure(s->options.arg, &m);
	if (!m.failed && !exporter_text.write(&m, &body, &len))
		result = answer(c, MHD_HTTP_OK, exporter_text.headers[0], body, len);
	free(body);
	metrics_release(&m);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_len, void **state)
{
	struct serve *s = arg;
	const char *token;

	(void)version, (void)data, (void)state;
	*data_len = 0;
	if (strcmp(method, "GET") != 0)
		return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, "", 0);
	if (strcmp(url, "/healthz") == 0)
		return answer(c, MHD_HTTP_OK, NULL, "ok\n", 3);
	token = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	if (s->token[0] && !(token && is_equal(s->token, token)))
		return answer(c, MHD_HTTP_UNAUTHORIZED, NULL, "", 0);
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(s, c);
	return answer(c, MHD_HTTP_NOT_FOUND, NULL, "", 0);
}

static int resolve(const char *listen, struct addrinfo **out, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	const char *colon = strrchr(listen, ':');
	char host[256];
	size_t len;
	int err;

	if (!colon)
		return err_set(e, -EINVAL, EXIT_USAGE, "%s is not ADDRESS:PORT", listen);
	len = (size_t)(colon - listen);
	if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']')
		listen++, len -= 2;
	snprintf(host, sizeof(host), "%.*s", (int)len, listen);
	err = getaddrinfo(host, colon + 1, &hints, out);
	return err ? err_set(e, -EINVAL, EXIT_USAGE, "%s:%s: %s", host, colon + 1,
			     gai_strerror(err))
		   : 0;
}

static int start(struct serve *s, struct err *e)
{
	unsigned flags = MHD_USE_EPOLL;
	struct addrinfo *address = NULL;
	int err = resolve(s->options.listen, &address, e);

	if (err || !address)
		return err;
	if (address->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (s->key)
		s->daemon = MHD_start_daemon(
			flags | MHD_USE_TLS, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR,
			address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_SECONDS, MHD_OPTION_HTTPS_MEM_KEY,
			s->key, MHD_OPTION_HTTPS_MEM_CERT, s->certificate, MHD_OPTION_END);
	else
		s->daemon = MHD_start_daemon(
			flags, 0, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, address->ai_addr,
			MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
			TIMEOUT_SECONDS, MHD_OPTION_END);
	err = s->daemon ? 0 : -errno;
	freeaddrinfo(address);
	return s->daemon ? 0
			 : err_set(e, err ? err : -EINVAL, EXIT_FAILED, "cannot listen on %s: %s",
				   s->options.listen, strerror(-err));
}

int serve_open(struct serve **out, const struct serve_options *o, struct err *e)
{
	static const char bearer[] = "Bearer ";
	struct serve *s = calloc(1, sizeof(*s));
	int err = 0;

	*out = NULL;
	if (!s)
		return err_set(e, -ENOMEM, EXIT_FAILED, "no memory to serve");
	s->options = *o;
	if (o->token_file[0]) {
		memcpy(s->token, bearer, strlen(bearer));
		err = read_token(o->token_file, s->token + strlen(bearer),
				 sizeof(s->token) - strlen(bearer), e);
	}
	if (!err && o->key[0])
		err = read_pem(o->key, &s->key, e);
	if (!err && o->key[0])
		err = read_pem(o->certificate, &s->certificate, e);
	if (!err)
		err = start(s, e);
	if (err)
		serve_close(s);
	else
		*out = s;
	return err;
}

void serve_close(struct serve *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	free(s->certificate);
	free(s->key);
	free(s);
}

int serve_fd(const struct serve *s)
{
	const union MHD_DaemonInfo *info =
		s ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;

	return info ? info->epoll_fd : -1;
}

void serve_run(struct serve *s)
{
	if (s)
		MHD_run(s->daemon);
}
