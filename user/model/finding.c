// SPDX-License-Identifier: Apache-2.0
#include "finding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../util/siphash.h"

#define HIDDEN "[*]"
#define FILE_PARTS 2 /* folder and file */

static const uint64_t id_key[2] = { 0x70796c65616b2e66ull, 0x696e64696e672f31ull };

/*
 * A key may itself hold brackets and quotes, so that no end of it can be trusted but the last
 * bracket of the whole path: from the first key on everything up to there goes.
 */
void finding_hide_keys(char *path)
{
	const char *end = strrchr(path, ']');

	for (char *at = strchr(path, '['); at; at = strchr(at + 1, '[')) {
		if (strncmp(at, HIDDEN, strlen(HIDDEN)) == 0)
			continue;
		if (end && end > at) {
			size_t left = strlen(end + 1);

			if ((size_t)(end - at) + 1 >= strlen(HIDDEN)) {
				memmove(at + strlen(HIDDEN), end + 1, left + 1);
				memcpy(at, HIDDEN, strlen(HIDDEN));
				return;
			}
		}
		*at = '\0'; /* cut before its end */
		return;
	}
}

void finding_hide_values(struct report *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct candidate *c = &r->candidates[i];

		finding_hide_keys(c->held_by);
		c->example[0] = '\0';
		if (c->verdict == VERDICT_RESOURCE)
			c->content[0] = '\0'; /* files and peers */
	}
}

const char *finding_file(const char *path)
{
	static const char *const packages[] = { "/site-packages/", "/dist-packages/" };
	const char *at = path + strlen(path);

	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++) {
		const char *found = strstr(path, packages[i]);

		if (found)
			return found + 1;
	}
	for (unsigned parts = FILE_PARTS; at > path; at--)
		if (at[-1] == '/' && --parts == 0)
			break;
	return at;
}

/* The frame that a person would change: outside of the standard library where there is one. */
static const struct frame *site_of(const struct candidate *c)
{
	if (c->stored_known)
		return c->stored_by.function[0] ? &c->stored_by : &c->stored_at;
	if (c->allocated_known)
		return &c->allocated_at;
	return c->stack.depth ? &c->stack.frame[0] : NULL;
}

static void hash_text(struct siphash *h, const char *text)
{
	uint64_t part = siphash(id_key, text, strlen(text));

	siphash_words(h, &part, sizeof(part));
}

static void make_id(struct finding *f)
{
	struct siphash h;

	siphash_begin(&h, id_key);
	hash_text(&h, f->holder);
	hash_text(&h, f->type);
	hash_text(&h, f->function);
	hash_text(&h, finding_file(f->file));
	if (f->verdict == VERDICT_RESOURCE) /* of the same line that leaks memory, too */
		hash_text(&h, verdict_name(f->verdict));
	snprintf(f->id, sizeof(f->id), "%016" PRIx64, siphash_end(&h, NULL, 0));
}

void finding_of(struct finding *f, const struct report *r, const struct candidate *c, bool values)
{
	const struct frame *site = site_of(c);

	*f = (struct finding){ .verdict = c->verdict,
			       .confidence = c->confidence,
			       .bytes_per_second = c->bytes_per_second,
			       .objects_per_second = c->objects_per_second,
			       .inuse_bytes = c->inuse_bytes,
			       .inuse_objects = c->inuse_objects,
			       .pid = r->pid,
			       .seen = r->started };
	snprintf(f->service, sizeof(f->service), "%s", r->service);
	snprintf(f->release, sizeof(f->release), "%s", r->release);
	snprintf(f->container, sizeof(f->container), "%s", r->container);
	snprintf(f->python, sizeof(f->python), "%s", r->python);
	snprintf(f->holder, sizeof(f->holder), "%.255s", c->held_by);
	snprintf(f->type, sizeof(f->type), "%s", c->type);
	finding_hide_keys(f->holder); /* an id must not depend on @values */
	if (site) {
		snprintf(f->function, sizeof(f->function), "%s", site->function);
		snprintf(f->file, sizeof(f->file), "%s", site->file);
		f->line = site->line;
	}
	make_id(f);
	if (values)
		snprintf(f->holder, sizeof(f->holder), "%.255s", c->held_by);
}
