// SPDX-License-Identifier: Apache-2.0
#include "locate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../target/memory_image.h"
#include "../target/open_image.h"

/* In this order; a file is looked at in the first that fits. */
enum rank {
	RANK_EXECUTABLE,
	RANK_NAMED_PYTHON,
	RANK_OTHER,
	RANKS,
	RANK_NONE = RANKS
};

struct search {
	const struct process *process;
	const struct maps *maps;
	struct remote *mem;
	struct py_images *images; /* borrowed; NULL: nothing is remembered */
	unsigned int opened, denied;
	bool older;     /* something exports the interpreter's API without _PyRuntime: before 3.7 */
	struct err why; /* the first file that could not be looked at */
};

static bool same_file(const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->dev == b->dev;
}

/*
 * A program and its libpython count even where none of their mappings is executable: their code may
 * have been moved to huge pages. A file is judged at the first of its neighbouring mappings.
 */
static enum rank rank_of(const struct search *s, size_t i)
{
	const struct map *m = &s->maps->map[i];
	const char *name = strrchr(m->path, '/');

	if (!m->inode || !name || (i && same_file(&m[-1], m)))
		return RANK_NONE;
	if (!strcmp(m->path, s->process->exe))
		return RANK_EXECUTABLE;
	if (!strncmp(name, "/libpython", 10) || !strncmp(name, "/python", 7))
		return RANK_NAMED_PYTHON;
	for (; i < s->maps->count && same_file(&s->maps->map[i], m); i++) {
		if (s->maps->map[i].prot & MAP_X)
			return RANK_OTHER;
	}
	return RANK_NONE;
}

/* Where the file's mappings end, with the zeroed data behind them, which is anonymous. */
static uint64_t end_of(const struct maps *maps, const struct map *first)
{
	const struct map *end = maps->map + maps->count, *m = first;

	while (m + 1 < end && m[1].start == m->end &&
	       (same_file(&m[1], first) || (!m[1].inode && !m[1].path[0])))
		m++;
	return m->end;
}

/* 0 where @known, of the file first mapped at @m, is the CPython of this process; -ENOENT. */
static int place(struct search *s, const struct py_symbols *known, const struct map *m,
		 struct py_image *out)
{
	const struct map *data;

	s->older |= known->older;
	if (!known->runtime)
		return -ENOENT;
	out->bias = m->start + known->slide;
	out->runtime = known->runtime + out->bias;
	out->type_type = known->type_type + out->bias;
	data = maps_find(s->maps, out->runtime);
	if (!data || !(data->prot & MAP_W) || !maps_find(s->maps, out->type_type))
		return -ENOENT;
	out->version = known->version ? known->version + out->bias : 0;
	out->debug = known->debug;
	out->stripped = known->stripped;
	out->start = m->start;
	out->end = end_of(s->maps, m);
	snprintf(out->path, sizeof(out->path), "%s", m->path);
	snprintf(out->build_id, sizeof(out->build_id), "%s", known->build_id);
	return 0;
}

/* Its file where it can be opened; where not, a likely CPython is read out of the process. */
static int read_symbols(struct search *s, const struct map *m, enum rank rank,
			struct py_symbols *symbols)
{
	struct err why = {0};
	struct image *img;
	int rc = image_open_target(&img, s->process, m, &why);
	bool from_memory = rc && rank != RANK_OTHER &&
			   !image_open_memory(&img, s->mem, s->maps, m, NULL);

	if (rc && !from_memory) {
		if (rc == -EPERM || rc == -EACCES)
			s->denied++;
		return err_set(&s->why, rc, why.exit, "%s", why.text);
	}
	py_symbols_read(symbols, img, m);
	if (from_memory)
		symbols->stripped = false; /* without sections nothing tells of a .symtab */
	image_close(img);
	return 0;
}

static int look_at(struct search *s, const struct map *m, enum rank rank, struct py_image *out)
{
	const struct py_symbols *known = s->images ? py_images_find(s->images, m) : NULL;
	struct py_symbols symbols = {0};

	if (!known) {
		if (read_symbols(s, m, rank, &symbols))
			return -ENOENT;
		known = &symbols;
		if (s->images)
			py_images_keep(s->images, m, &symbols);
	}
	s->opened++;
	return place(s, known, m, out);
}

static int not_found(const struct search *s, struct err *e)
{
	const struct process *p = s->process;

	if (s->older)
		return err_set(e, -EINVAL, EXIT_NOT_PYTHON,
			       "pid %d (%s): its CPython has no _PyRuntime, so it is older than "
			       "3.8, the oldest supported",
			       (int)p->pid, p->exe);
	if (s->denied)
		return err_set(e, -EPERM, EXIT_NOT_PERMITTED,
			       "pid %d (%s): %u of its mapped files could not be opened: %s",
			       (int)p->pid, p->exe, s->denied, s->why.text);
	return err_set(e, -ENOENT, EXIT_NOT_PYTHON,
		       "pid %d (%s) is not a Python process: none of %u mapped programs and "
		       "libraries exports _PyRuntime%s%s",
		       (int)p->pid, p->exe, s->opened, s->why.text[0] ? "; not looked at: " : "",
		       s->why.text);
}

int py_locate(struct py_image *out, const struct process *p, const struct maps *maps,
	      struct remote *mem, struct py_images *images, struct err *e)
{
	struct search s = {.process = p, .maps = maps, .mem = mem, .images = images};

	for (enum rank rank = 0; rank < RANKS; rank++) {
		for (size_t i = 0; i < maps->count; i++) {
			if (rank_of(&s, i) != rank)
				continue;
			memset(out, 0, sizeof(*out));
			if (!look_at(&s, &maps->map[i], rank, out))
				return 0;
		}
	}
	return not_found(&s, e);
}
