// SPDX-License-Identifier: Apache-2.0
/*
 * Exceptions, tracebacks and frames that are kept.
 */
#include "cause.h"

static uint64_t field(const struct scene *s, uint64_t addr, uint32_t offset)
{
	uint64_t held = scene_word(s, addr, offset);
	const struct py_type *type = scene_type(s, held);

	return type && type->kind != KIND_LEAF ? held : 0;
}

static bool is_exception(const struct scene *s, uint64_t addr)
{
	return scene_is(s, addr, KIND_EXCEPTION);
}

static bool has_traceback(const struct scene *s, uint64_t addr)
{
	uint64_t held = is_exception(s, addr) ? field(s, addr, s->r->rt->layout.ex_traceback)
					      : addr;

	return scene_is(s, held, KIND_TRACEBACK) || scene_is(s, held, KIND_FRAME);
}

static bool has_other(const struct scene *s, uint64_t addr)
{
	const struct py_layout *l = &s->r->rt->layout;
	uint64_t context = field(s, addr, l->ex_context), cause = field(s, addr, l->ex_cause);

	return is_exception(s, addr) &&
	       ((context && is_exception(s, context)) || (cause && is_exception(s, cause)));
}

static bool tracebacks(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, has_traceback, NULL))
		return false;
	return cause_say(c,
			 "tracebacks are kept: each holds the frames of a request and all their "
			 "local variables",
			 "Keep text, traceback.format_exc() or str(error), rather than the "
			 "exception; or cut it off: error.with_traceback(None).");
}

static bool contexts(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, has_other, NULL))
		return false;
	return cause_say(
		c, "exceptions are kept, each with the one it was raised from",
		"Keep str(error) rather than the exception, or raise the new one with "
		"\"from None\" and clear __context__: it holds the first with all it knows.");
}

static bool exceptions(const struct scene *s, struct candidate *c)
{
	if (!scene_have(s, is_exception, NULL))
		return false;
	return cause_say(c, "exceptions are kept",
			 "Keep str(error) and what is needed of it, and only so many.");
}

static const struct cause table[] = { { "tracebacks", tracebacks },
				      { "exception contexts", contexts },
				      { "exceptions", exceptions } };

const struct cause_family causes_exceptions = CAUSE_FAMILY(table);
