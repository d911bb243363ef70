// SPDX-License-Identifier: Apache-2.0
#include "demangle.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../util/printable.h"
#include "../util/strbuf.h"

/* The mangled text still to be read, and the last part of the name: a constructor repeats it. */
struct reader {
	const char *at;
	const char *last;
	size_t last_length;
	struct strbuf *out;
};

/* Names that are so common that they have letters of their own. */
static const struct {
	const char *letters, *text;
} standard[] = {
	{ "St", "std" },	     { "Sa", "std::allocator" }, { "Sb", "std::basic_string" },
	{ "Ss", "std::string" }, { "Si", "std::istream" },	 { "So", "std::ostream" },
	{ "Sd", "std::iostream" },
};

/* <number> text: the text's length, 0 where there is no such thing; reader behind the number. */
static size_t take_length(const char **at)
{
	size_t length = 0;

	while (isdigit((unsigned char)**at) && length < 4096)
		length = 10 * length + (size_t)(*(*at)++ - '0');
	return strnlen(*at, length) == length ? length : 0;
}

static void add_part(struct reader *r, const char *text, size_t length)
{
	if (r->out->len)
		strbuf_add(r->out, "::");
	strbuf_addn(r->out, text, length);
}

/* S_, S1_, T_, T0_: what they stand for was in the text before. False where it is no such thing. */
static bool skip_reference(const char **at)
{
	const char *p = *at + 1;

	while (isdigit((unsigned char)*p) || isupper((unsigned char)*p))
		p++;
	if (*p != '_')
		return false;
	*at = p + 1;
	return true;
}

/* Behind a text, literal (type, value, E), reference or standard name. False: none is there. */
static bool skip_whole(const char **at)
{
	char c = **at;

	if (isdigit((unsigned char)c)) {
		size_t length = take_length(at);

		*at += length;
		return length > 0;
	}
	if (c == 'L' && (*at)[1] != '_') {
		*at += strcspn(*at, "E");
		*at += **at == 'E';
		return true;
	}
	if ((c == 'S' || c == 'T') && skip_reference(at))
		return true;
	if (c == 'S' && (*at)[1]) {
		*at += 2;
		return true;
	}
	return false;
}

/*
 * Behind a list of template arguments, which begins with I and ends with E. Inside, I, N, X, L, J,
 * F, Z and Ul begin what another E ends; texts and references are stepped over whole.
 */
static bool skip_arguments(const char **at)
{
	uint64_t lambdas = 0; /* a bit for each open list, innermost lowest: is it a lambda's? */
	unsigned depth = 0;

	do {
		char c = **at;

		if (skip_whole(at))
			continue;
		if (!c || isdigit((unsigned char)c))
			return false;
		if (strchr("INXJFZ", c) || strncmp(*at, "Ul", 2) == 0) {
			lambdas = lambdas << 1 | (c == 'U');
			depth++;
		}
		++*at;
		if (c != 'E')
			continue;
		if ((lambdas & 1) && (*at)[strspn(*at, "0123456789")] == '_') /* which of them */
			*at += strspn(*at, "0123456789") + 1;
		lambdas >>= 1;
		depth--;
	} while (depth && depth < 64);
	return depth == 0;
}

static bool take_standard(struct reader *r)
{
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		if (strncmp(r->at, standard[i].letters, 2) != 0)
			continue;
		add_part(r, standard[i].text, strlen(standard[i].text));
		r->at += 2;
		return true;
	}
	return false;
}

/* One part of a name. False where it is none that is understood. */
static bool take_part(struct reader *r)
{
	size_t length;

	if (*r->at == 'L') /* internal linkage */
		r->at++;
	if (isdigit((unsigned char)*r->at)) {
		length = take_length(&r->at);
		if (!length)
			return false;
		r->last = r->at;
		r->last_length = length;
		r->at += length;
		if (length >= 10 && strncmp(r->last, "_GLOBAL__N", 10) == 0)
			add_part(r, "(anonymous)", strlen("(anonymous)"));
		else
			add_part(r, r->last, length);
		return true;
	}
	if ((*r->at == 'C' || *r->at == 'D') && isdigit((unsigned char)r->at[1]) && r->last) {
		add_part(r, "~", *r->at == 'D');
		strbuf_addn(r->out, r->last, r->last_length);
		r->at += 2;
		return true;
	}
	if (*r->at == 'I') {
		strbuf_add(r->out, "<>");
		return skip_arguments(&r->at);
	}
	if (*r->at == 'B') { /* ABI tag */
		r->at++;
		length = take_length(&r->at);
		r->at += length;
		return length > 0;
	}
	return *r->at == 'S' && take_standard(r);
}

static bool take_name(struct reader *r)
{
	if (*r->at == 'N') {
		r->at++;
		r->at += strspn(r->at, "rVKRO");
		while (*r->at != 'E')
			if (!take_part(r))
				return false;
		return true;
	}
	if (strncmp(r->at, "St", 2) == 0 && !take_standard(r))
		return false;
	if (!take_part(r))
		return false;
	while (*r->at == 'I' || *r->at == 'B')
		if (!take_part(r))
			return false;
	return true;
}

/* The length of @name without suffixes as GCC and LLVM give them. */
static size_t plain_length(const char *name)
{
	static const char *const suffixes[] = { ".cold", ".constprop.", ".isra.", ".part.",
						".lto_priv.", ".llvm." };
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *at = strstr(name + 1, suffixes[i]);

		if (at && (size_t)(at - name) < length)
			length = (size_t)(at - name);
	}
	return length;
}

void demangle(const char *name, char *out, size_t cap)
{
	char text[512];
	struct strbuf buffer;
	struct reader r = { .at = name + 2, .out = &buffer };

	strbuf_init(&buffer, text, sizeof(text));
	if (strncmp(name, "_Z", 2) == 0 && take_name(&r) && buffer.len)
		printable_copy(out, cap, text, buffer.len);
	else
		printable_copy(out, cap, name, *name ? plain_length(name) : 0);
}
