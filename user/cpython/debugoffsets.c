// SPDX-License-Identifier: Apache-2.0
#include "debugoffsets.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../../bpf/abi.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define COOKIE "xdebugpy"

enum {
	WORD_COOKIE,
	WORD_VERSION,
	WORD_FREE_THREADED
};

/*
 * Where fields of the runtime or an interpreter may lie; those of objects lie below SMALL_MAX, of
 * frames in the header.
 */
#define LARGE_MAX (16u << 20)
#define SMALL_MAX 4096u

struct description {
	const char *name;
	uint32_t field; /* offset in struct py_layout */
	uint32_t index; /* of the word */
};

#define PY_FIELD(field, value)
#define PY_FACT(fact, value)
#define PY_DEBUG(name, index) {#name, offsetof(struct py_layout, name), index},
static const struct description in_3_13[] = {
#include "layouts/3_13.inc"
};
static const struct description in_3_14[] = {
#include "layouts/3_14.inc"
};
static const struct description in_3_15[] = {
#include "layouts/3_15.inc"
};

static const struct {
	int minor;
	const struct description *description;
	size_t count;
} versions[] = {
	{13, in_3_13, ARRAY_SIZE(in_3_13)},
	{14, in_3_14, ARRAY_SIZE(in_3_14)},
	{15, in_3_15, ARRAY_SIZE(in_3_15)},
};

int py_debug_offsets_read(struct py_debug_offsets *d, struct remote *mem, uint64_t runtime)
{
	int rc = remote_read(mem, runtime, d->word, sizeof(d->word));

	if (rc)
		return rc;
	return memcmp(&d->word[WORD_COOKIE], COOKIE, 8) ? -ENOENT : 0;
}

uint32_t py_debug_offsets_version(const struct py_debug_offsets *d)
{
	return (uint32_t)d->word[WORD_VERSION];
}

bool py_debug_offsets_free_threaded(const struct py_debug_offsets *d)
{
	return d->word[WORD_FREE_THREADED] != 0;
}

static bool plausible(const struct description *what, uint64_t value)
{
	if (!strncmp(what->name, "rt_", 3) || !strncmp(what->name, "is_", 3))
		return value <= LARGE_MAX;
	if (!strncmp(what->name, "fr_", 3))
		return value <= PY_FRAME_HEADER - 8;
	return value <= SMALL_MAX;
}

int py_debug_offsets_apply(const struct py_debug_offsets *d, struct py_layout *l,
			   const char **field)
{
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		if (versions[v].minor != l->minor)
			continue;
		for (size_t i = 0; i < versions[v].count; i++) {
			const struct description *what = &versions[v].description[i];
			uint64_t value = d->word[what->index];

			if (!plausible(what, value)) {
				*field = what->name;
				return -EINVAL;
			}
			*(uint32_t *)((char *)l + what->field) = (uint32_t)value;
		}
		l->self_described = true;
		return 0;
	}
	*field = "version";
	return -EINVAL;
}
