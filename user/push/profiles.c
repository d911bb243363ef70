// SPDX-License-Identifier: Apache-2.0
#include "profiles.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/format.h"
#include "../output/json_values.h"
#include "../util/strbuf.h"

#define NAME_BYTES 400 /* service, release, container, host, and their keys */

int profiles_pprof(const struct report *r, char **data, size_t *len)
{
	FILE *out = open_memstream(data, len);
	int err = out ? format_by_name("pprof")->leaks(out, r, &(struct format_options){ 0 })
		      : -ENOMEM;

	if (out && fclose(out) && !err)
		err = -ENOMEM;
	if (out && err)
		free(*data);
	return err;
}

static const char *service(const struct report *r)
{
	return r->service[0] ? r->service : "python";
}

/* In "NAME{KEY=VALUE,...}" what would end a value is data of the target. */
static void add_value(struct strbuf *to, const char *value)
{
	for (; *value; value++)
		strbuf_addf(to, "%c", strchr("{},=\"", *value) ? '_' : *value);
}

static void add_label(struct strbuf *to, const char *key, const char *value)
{
	if (!value[0])
		return;
	strbuf_addf(to, "%s%s=", to->text[to->len - 1] == '{' ? "" : ",", key);
	add_value(to, value);
}

void profiles_query(const struct report *r, const char *host, char out[PROFILES_QUERY_MAX])
{
	char array[NAME_BYTES];
	struct strbuf name;
	char *escaped;

	strbuf_init(&name, array, sizeof(array) - 1); /* the bracket always fits */
	add_value(&name, service(r));
	strbuf_add(&name, "{");
	add_label(&name, "release", r->release);
	add_label(&name, "container", r->container);
	add_label(&name, "host", host);
	memcpy(array + name.len, "}", 2);
	escaped = curl_easy_escape(NULL, array, 0);
	snprintf(out, PROFILES_QUERY_MAX, "?name=%s&from=%lld&until=%lld&format=pprof",
		 escaped ? escaped : "", (long long)r->started.tv_sec,
		 (long long)r->started.tv_sec + (long long)r->duration_seconds + 1);
	curl_free(escaped);
}

static int add_parca_label(json_t *labels, const char *name, const char *value)
{
	if (!value[0])
		return 0;
	return json_array_append_new(
		labels, json_pack("{s:s, s:o}", "name", name, "value", value_text(value)));
}

/* What Parca makes of "memory" and the profile is "memory:inuse_space:bytes:space:bytes". */
static json_t *parca_labels(const struct report *r, const char *host)
{
	json_t *labels = json_array();

	if (!labels || add_parca_label(labels, "__name__", "memory") ||
	    add_parca_label(labels, "service", service(r)) ||
	    add_parca_label(labels, "release", r->release) ||
	    add_parca_label(labels, "container", r->container) ||
	    add_parca_label(labels, "host", host)) {
		json_decref(labels);
		return NULL;
	}
	return labels;
}

/* Bytes in JSON are base64, of the alphabet with + and /, padded (RFC 4648, 4). */
static json_t *base64(const char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	char *text = malloc(4 * ((len + 2) / 3) + 1), *to = text;
	json_t *value;

	for (size_t i = 0; text && i < len; i += 3) {
		unsigned bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < len ? (unsigned char)data[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			*to++ = i + k <= len ? digits[bits >> (18 - 6 * k) & 63] : '=';
	}
	value = text ? json_stringn(text, (size_t)(to - text)) : NULL;
	free(text);
	return value;
}

int profiles_parca(const struct report *r, const char *host, const char *pprof, size_t pprof_len,
		   char **data, size_t *len)
{
	/* Normalized: there are no addresses that it would have to look up. */
	json_t *root = json_pack("{s:b, s:[{s:{s:o}, s:[{s:o}]}]}", "normalized", 1, "series",
				 "labels", "labels", parca_labels(r, host), "samples", "rawProfile",
				 base64(pprof, pprof_len));

	*data = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!*data)
		return -ENOMEM;
	*len = strlen(*data);
	return 0;
}
