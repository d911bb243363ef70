// SPDX-License-Identifier: Apache-2.0
#include "points_search.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../elf/usdt.h"
#include "inlined.h"

void points_add(struct points_found *f, enum py_point point, uint64_t entry, enum py_found how)
{
	for (unsigned i = 0; i < f->count[point] && i < PY_POINT_SITES; i++) {
		if (f->entry[point][i] == entry)
			return;
	}
	if (f->count[point] < PY_POINT_SITES)
		f->entry[point][f->count[point]] = entry;
	if (f->count[point] <= PY_POINT_SITES)
		f->count[point]++;
	f->how[point] = how;
}

static bool has(const struct points_found *f, enum py_point point, uint64_t entry)
{
	for (unsigned i = 0; i < f->count[point] && i < PY_POINT_SITES; i++) {
		if (f->entry[point][i] == entry)
			return true;
	}
	return false;
}

/* Leave of @names what @shapes has too. */
static void keep_common(struct points_found *names, const struct points_found *shapes,
			enum py_point point)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < names->count[point] && i < PY_POINT_SITES; i++) {
		if (has(shapes, point, names->entry[point][i]))
			names->entry[point][kept++] = names->entry[point][i];
	}
	names->count[point] = kept;
}

/*
 * What has a name is taken by its name if the structure does not say otherwise; of several with one
 * name those that the structure confirms.
 */
static void decide(struct points_found *names, struct points_found *shapes, enum py_point point,
		   struct py_point_found *out)
{
	unsigned named = names->count[point], shaped = shapes->count[point];
	unsigned most = point == PY_POINT_COLLECT ? PY_POINT_SITES : 1;
	const struct points_found *from = named ? names : shapes;
	uint64_t name = names->entry[point][0], shape = shapes->entry[point][0];

	if (named && shaped) {
		keep_common(names, shapes, point);
		if (!names->count[point]) {
			snprintf(out->why, sizeof(out->why),
				 "symbol (0x%" PRIx64 ") and structure (0x%" PRIx64 ") disagree",
				 name, shape);
			return;
		}
	}
	if (from->count[point] > most) {
		snprintf(out->why, sizeof(out->why), "%u candidates", from->count[point]);
		return;
	}
	out->sites = from->count[point];
	out->found = out->sites ? from->how[point] : PY_FOUND_NOT;
	for (unsigned i = 0; i < out->sites; i++)
		out->site[i].address = from->entry[point][i];
	if (!out->sites)
		snprintf(out->why, sizeof(out->why), "%s", shapes->why[point]);
}

static const char *instruction_name(enum code_emulated what)
{
	static const char *const names[] = {"", "push", "nop", "jmp", "jcc", "call"};

	return names[what];
}

static void complete_alias(const struct code *c, struct py_site *site)
{
	struct code_alias alias;

	if (!code_alias(c, site->address,
			site->emulated ? site->address + site->probe_offset : 0, &alias))
		return;
	if (!code_file_offset(c, alias.address, &site->alias_offset))
		return;
	site->alias = alias.address;
	site->alias_emulated = alias.emulated != CODE_STEPPED;
}

/* The rest of a site, from its address. The contexts of allocators are of no use to anyone. */
static void complete_site(const struct code *c, enum py_point point, struct py_site *site)
{
	bool context = point != PY_POINT_NEW_POOL && point != PY_POINT_COLLECT &&
		       point != PY_POINT_GC_COLLECT;
	const struct code_function *f = code_function_at(c, site->address);
	struct code_probe probe;

	code_file_offset(c, site->address, &site->file_offset);
	site->end = f ? f->end : 0;
	code_probe(c, site->address, context, &probe);
	site->probe_offset = probe.offset;
	site->emulated = probe.emulated != CODE_STEPPED;
	snprintf(site->instruction, sizeof(site->instruction), "%s",
		 instruction_name(probe.emulated));
	if (point <= PY_POINT_OBJECT_FREE)
		complete_alias(c, site);
}

static unsigned take_usdt(const struct points_search *s, const char *name, struct py_usdt *out)
{
	struct usdt found[PY_POINT_SITES];
	size_t count = usdt_find(s->img, "python", name, found, PY_POINT_SITES);
	unsigned kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct py_usdt *to = &out[kept];

		*to = (struct py_usdt){.address = found[i].location,
				       .semaphore = found[i].semaphore};
		kept += code_function_at(s->code, to->address) &&
			code_file_offset(s->code, to->address, &to->file_offset) &&
			(!to->semaphore ||
			 code_file_offset(s->code, to->semaphore, &to->semaphore_offset));
	}
	return kept;
}

/* Where some of the code is not understood there may be more. */
static unsigned count_inlined(const struct points_search *s)
{
	struct py_inlined inlined;
	int rc = py_inlined_find(&inlined, s->code, s->out, 0);
	unsigned count = rc && inlined.branches < PY_INLINED_LEAST ? PY_INLINED_LEAST
								   : inlined.branches;

	py_inlined_release(&inlined);
	return count;
}

static void search_code(struct points_search *s, const struct image *debug)
{
	struct points_found names = {.count = {0}}, shapes = {.count = {0}};

	points_by_symbol(s, s->img, PY_FOUND_SYMBOL, &names);
	if (debug)
		points_by_symbol(s, debug, PY_FOUND_DEBUG_FILE, &names);
	points_by_tables(s, &shapes);
	points_by_collector(s, &shapes);
	points_by_pool(s, &shapes);
	points_by_arena(s, &shapes);
	for (unsigned i = 0; i < PY_POINTS; i++) {
		struct py_point_found *point = &s->out->point[i];

		decide(&names, &shapes, i, point);
		for (unsigned site = 0; site < point->sites; site++)
			complete_site(s->code, i, &point->site[site]);
	}
	for (unsigned i = 0; i < PY_DOMAINS; i++) {
		uint64_t named = names.table[i], shaped = shapes.table[i];

		if (!named || !shaped || named == shaped)
			s->out->table[i].address = named ? named : shaped;
	}
	s->out->inlined = count_inlined(s);
	s->out->gc_starts = take_usdt(s, "gc__start", s->out->gc_start);
	s->out->gc_dones = take_usdt(s, "gc__done", s->out->gc_done);
}

int points_search(struct py_points *out, const struct image *img, const struct image *debug,
		  int minor, struct err *e)
{
	struct points_search s = {.img = img, .minor = minor, .out = out};
	struct code *code;
	int rc = code_open(&code, img, e);

	if (rc)
		return rc;
	s.code = code;
	search_code(&s, debug);
	code_close(code);
	return 0;
}
