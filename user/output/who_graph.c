// SPDX-License-Identifier: Apache-2.0
#include "who_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../util/units.h"

#define NODES_MAX (WHO_GRAPH_PATHS * WHO_STEPS_MAX + 1)
#define CUT_SHARE 0.5 /* of the objects that must hang below what is to be cut */
#define PEN_MOST 6.0

/*
 * A tree of steps:  (top) -> module app.cache -> CACHE -> [*] -> target
 * Paths that begin alike share their nodes.
 */
struct node {
	const struct who_step *step; /* NULL: the top, which is not drawn */
	int parent;
	int64_t objects, references;
	bool last;
	bool cut;  /* what grows: of a last step, its edge */
	bool also; /* another that must let go before anything is freed */
};

struct tree {
	struct node *node; /* owned: NODES_MAX */
	int count;
};

static int child_of(struct tree *t, int parent, const struct who_step *step, bool last)
{
	for (int i = 1; i < t->count; i++)
		if (t->node[i].parent == parent && t->node[i].last == last &&
		    strcmp(t->node[i].step->label, step->label) == 0 &&
		    strcmp(t->node[i].step->type, step->type) == 0)
			return i;
	t->node[t->count] = (struct node){ .step = step, .parent = parent, .last = last };
	return t->count++;
}

static void grow_tree(struct tree *t, const struct who *w)
{
	for (uint32_t i = 0; i < w->paths && i < WHO_GRAPH_PATHS; i++) {
		const struct who_path *path = &w->path[i];
		int at = 0;

		for (unsigned k = 0; k < path->steps; k++) {
			at = child_of(t, at, &path->step[k], k + 1 == path->steps);
			t->node[at].objects += path->objects;
			t->node[at].references += path->references;
		}
		t->node[0].objects += path->objects;
	}
}

static int heaviest_child(const struct tree *t, int parent)
{
	int best = 0;

	for (int i = 1; i < t->count; i++)
		if (t->node[i].parent == parent &&
		    (!best || t->node[i].objects > t->node[best].objects))
			best = i;
	return best;
}

/* Elements of one container: here one holder has become many. */
static bool is_element(const struct node *n)
{
	return n->step->label[0] == '[' || n->step->label[0] == '{';
}

/* The container whose elements lead to most of the objects: that one is what grows. */
static void choose_cut(struct tree *t)
{
	int at = 0, next;

	while ((next = heaviest_child(t, at)) &&
	       (double)t->node[next].objects >= CUT_SHARE * (double)t->node[0].objects) {
		if (is_element(&t->node[next]) || t->node[next].last)
			break;
		at = next;
	}
	if (at && !t->node[at].parent && next && t->node[next].last)
		at = next; /* nobody cuts a module */
	t->node[at].cut = at && t->node[0].objects;
}

/* The same on every way that does not lead through there, whether it is the shortest or not. */
static void choose_others(struct tree *t)
{
	for (int i = 1; i < t->count; i++) {
		int holder = i;
		bool through = false;

		if (!t->node[i].last)
			continue;
		for (int at = i; at; at = t->node[at].parent) {
			through = through || t->node[at].cut;
			if ((is_element(&t->node[at]) || t->node[at].last) &&
			    t->node[t->node[at].parent].parent)
				holder = t->node[at].parent;
		}
		t->node[holder].also = !through;
	}
}

/* Inside of a quoted string; what would not print is left out. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if ((unsigned char)*text >= ' ' && *text != 0x7f)
			fputc(*text, out);
	}
}

static void put_node(FILE *out, const struct tree *t, int i, const struct who *w)
{
	const struct node *n = &t->node[i];
	char count[UNITS_TEXT];

	if (n->last && n->parent)
		return; /* all of them are one node, the objects themselves */
	fprintf(out, "\tn%d [label=\"", i);
	units_count(count, n->objects);
	put_text(out, n->step->label);
	if (n->step->type[0] && n->parent) {
		fputs("\\n", out);
		put_text(out, n->step->type);
	}
	if (n->cut) {
		fprintf(out, "\\ncut here: %s of ", count);
		units_count(count, w->count);
		fprintf(out, "%s hang on it\", style=\"filled,bold\", color=\"#b2182b\","
			     " fillcolor=\"#fddbc7\"];\n", count);
	} else if (n->also) {
		units_count(count, n->objects ? n->objects : n->references);
		fprintf(out, "\\nalso holds: %s\", style=bold, color=\"#b2182b\"];\n", count);
	} else {
		fprintf(out, "\"%s];\n", n->parent ? "" : ", style=filled, fillcolor=\"#eeeeee\"");
	}
}

static bool is_red(const struct tree *t, const struct node *n)
{
	const struct node *from = &t->node[n->parent];

	return from->cut || from->also || n->cut || (n->last && n->also);
}

static void put_edge(FILE *out, const struct tree *t, int i)
{
	const struct node *n = &t->node[i];
	double share = t->node[0].objects ? (double)n->objects / (double)t->node[0].objects : 0;
	char count[UNITS_TEXT];

	if (!n->parent && !n->last)
		return;
	if (!n->parent)
		fprintf(out, "\tn%d -> objects [penwidth=%.1f", i, 1 + (PEN_MOST - 1) * share);
	else if (n->last)
		fprintf(out, "\tn%d -> objects [penwidth=%.1f", n->parent,
			1 + (PEN_MOST - 1) * share);
	else
		fprintf(out, "\tn%d -> n%d [penwidth=%.1f", n->parent, i,
			1 + (PEN_MOST - 1) * share);
	units_count(count, n->objects ? n->objects : n->references);
	fprintf(out, ", label=\"%s", count);
	if (n->last && n->parent) {
		fputs("\\n", out);
		put_text(out, n->step->label);
		if (n->cut)
			fputs("\\ncut here", out);
	}
	fputc('"', out);
	if (!n->objects)
		fputs(", style=dashed", out);
	if (is_red(t, n))
		fputs(", color=\"#b2182b\"", out);
	fputs("];\n", out);
}

static void put_objects(FILE *out, const struct who *w)
{
	char count[UNITS_TEXT];

	units_count(count, w->count);
	fprintf(out, "\tobjects [label=\"%s ", count);
	put_text(out, w->type);
	fputs("\", shape=box, style=\"filled,bold\", fillcolor=\"#dbe9f6\"];\n", out);
}

static void put_rest(FILE *out, const struct who *w)
{
	char count[UNITS_TEXT];

	if (w->paths <= WHO_GRAPH_PATHS)
		return;
	units_count(count, (int64_t)w->paths - WHO_GRAPH_PATHS);
	fprintf(out, "\trest [label=\"%s more paths\", shape=plaintext];\n", count);
}

static void put_title(FILE *out, const struct who *w)
{
	char count[UNITS_TEXT], retained[UNITS_TEXT];

	units_count(count, w->count);
	units_bytes(retained, w->retained_bytes);
	fputs("digraph who {\n\tlabel=\"", out);
	fprintf(out, "pid %d ", w->about.pid);
	put_text(out, w->about.comm);
	fprintf(out, ": who holds %s ", count);
	put_text(out, w->type);
	fprintf(out,
		" (%s retained)\\nnumbers: objects by shortest paths; dashed: references beside"
		" them; red: what must let go\";\n",
		retained);
	fputs("\tlabelloc=t; rankdir=LR; fontname=\"Helvetica\";\n"
	      "\tnode [shape=ellipse, fontname=\"Helvetica\"];\n"
	      "\tedge [fontname=\"Helvetica\", fontsize=10];\n", out);
}

int who_graph(FILE *out, const struct who *w)
{
	struct tree t = { .count = 1 };

	t.node = calloc(NODES_MAX, sizeof(*t.node));
	if (!t.node)
		return -ENOMEM;
	grow_tree(&t, w);
	choose_cut(&t);
	choose_others(&t);
	put_title(out, w);
	put_objects(out, w);
	for (int i = 1; i < t.count; i++)
		put_node(out, &t, i, w);
	for (int i = 1; i < t.count; i++)
		put_edge(out, &t, i);
	put_rest(out, w);
	fputs("}\n", out);
	free(t.node);
	return ferror(out) ? -EIO : 0;
}
