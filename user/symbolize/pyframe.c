// SPDX-License-Identifier: Apache-2.0
#include "pyframe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../cpython/code.h"
#include "../cpython/text.h"

/* Twice the entries, so that a probe is short. A power of two. */
#define BUCKETS (2 * PYFRAME_CACHE_MAX)

struct entry {
	struct py_frame_ref ref;
	uint64_t linetable; /* of the code object, tells another one at the same address */
	struct frame frame;
};

struct pyframes {
	const struct py_layout *layout;
	struct remote *mem;
	struct entry *entry; /* owned, room for `room` of them */
	uint32_t count, room;
	uint32_t bucket[BUCKETS]; /* 1 + index of an entry; 0: free */
};

struct pyframes *pyframes_new(const struct py_layout *l, struct remote *mem)
{
	struct pyframes *p = calloc(1, sizeof(*p));

	if (p) {
		p->layout = l;
		p->mem = mem;
	}
	return p;
}

void pyframes_free(struct pyframes *p)
{
	if (!p)
		return;
	free(p->entry);
	free(p);
}

/* The bucket of @ref, or the free one where it belongs. */
static uint32_t find_bucket(const struct pyframes *p, const struct py_frame_ref *ref)
{
	uint64_t hash = (ref->code ^ (ref->instr << 20)) * 0x9e3779b97f4a7c15ULL;
	uint32_t i = (uint32_t)(hash >> 32) & (BUCKETS - 1);

	while (p->bucket[i]) {
		const struct entry *e = &p->entry[p->bucket[i] - 1];

		if (e->ref.code == ref->code && e->ref.instr == ref->instr)
			break;
		i = (i + 1) & (BUCKETS - 1);
	}
	return i;
}

/*
 * An entry for @ref, or NULL where there is no memory for one: then the answer is simply not kept.
 */
static struct entry *add_entry(struct pyframes *p, const struct py_frame_ref *ref)
{
	if (p->count == PYFRAME_CACHE_MAX) {
		memset(p->bucket, 0, sizeof(p->bucket));
		p->count = 0;
	}
	if (p->count == p->room) {
		uint32_t room = p->room ? 2 * p->room : 64;
		struct entry *grown = realloc(p->entry, room * sizeof(*grown));

		if (!grown)
			return NULL;
		p->entry = grown;
		p->room = room;
	}
	p->bucket[find_bucket(p, ref)] = ++p->count;
	return &p->entry[p->count - 1];
}

static int read_frame(struct pyframes *p, const struct py_frame_ref *ref, struct frame *out)
{
	struct py_code code;
	int line, rc;

	memset(out, 0, sizeof(*out));
	rc = py_code_read(p->layout, p->mem, ref->code, &code);
	if (rc) {
		out->function[0] = '?';
		return rc;
	}
	memcpy(out->file, code.file, sizeof(out->file));
	memcpy(out->function, code.function, sizeof(out->function));
	line = py_code_line(p->layout, p->mem, ref->code, ref->instr);
	out->line = line > 0 ? line : 0;
	return 0;
}

int pyframes_resolve(struct pyframes *p, const struct py_frame_ref *ref, struct frame *out)
{
	uint32_t bucket = p->bucket[find_bucket(p, ref)];
	struct entry *e = bucket ? &p->entry[bucket - 1] : NULL;
	uint64_t linetable;
	bool readable = remote_u64(p->mem, ref->code + p->layout->co_linetable, &linetable);
	int rc;

	/* What can no longer be read was right when it was: the process may have gone since. */
	if (e && (!readable || linetable == e->linetable)) {
		*out = e->frame;
		return 0;
	}
	rc = read_frame(p, ref, out);
	if (rc || !readable)
		return rc;
	if (!e)
		e = add_entry(p, ref);
	if (e)
		*e = (struct entry){ .ref = *ref, .linetable = linetable, .frame = *out };
	return 0;
}

/* A text that was copied whole, into @out as py_text() would have it. False: it is not ASCII. */
static bool copied_text(uint32_t word, const char *copy, size_t cap, char *out)
{
	struct py_text_state state = py_text_state(word);
	size_t len = strnlen(copy, cap);

	if (!state.compact || !state.ascii || !len || len + 1 >= cap)
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = i < len && !isprint((unsigned char)copy[i]) ? '?' : copy[i];
	return true;
}

int pyframes_resolve_copied(struct pyframes *p, const struct py_frame_ref *ref,
			    const struct py_code_copy *copy, struct frame *out)
{
	int rc = pyframes_resolve(p, ref, out);
	struct frame then = { .line = 0 };

	if (!copied_text(copy->name_state, copy->name, sizeof(copy->name), then.function) ||
	    !copied_text(copy->file_state, copy->file, sizeof(copy->file), then.file))
		return rc;
	if (rc || strcmp(out->function, then.function) || strcmp(out->file, then.file))
		*out = then;
	return 0;
}

int pyframe_is_shim(const struct frame *f)
{
	return !f->line && strcmp(f->file, "__init__") == 0 && strcmp(f->function, f->file) == 0;
}

/* Behind ".../lib/python3.N/" (also lib64), or NULL. */
static const char *in_lib_python(const char *file)
{
	const char *at = file;

	while ((at = strstr(at, "/python3."))) {
		const char *behind = at + strlen("/python3."), *lib = at;

		while (lib > file && lib[-1] != '/')
			lib--;
		while (isdigit((unsigned char)*behind))
			behind++;
		if (*behind == '/' &&
		    (strncmp(lib, "lib/", 4) == 0 || strncmp(lib, "lib64/", 6) == 0))
			return behind + 1;
		at++;
	}
	return NULL;
}

int pyframe_is_stdlib(const char *file)
{
	const char *inside;

	if (strncmp(file, "<frozen ", 8) == 0)
		return 1;
	inside = in_lib_python(file);
	return inside && strncmp(inside, "site-packages/", 14) != 0 &&
	       strncmp(inside, "dist-packages/", 14) != 0;
}

int pyframe_is_library(const char *file)
{
	return pyframe_is_stdlib(file) || strstr(file, "/site-packages/") ||
	       strstr(file, "/dist-packages/");
}
