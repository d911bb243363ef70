// SPDX-License-Identifier: Apache-2.0
#include "unanchored.h"

#include <stdio.h>

#include "../heap/path.h"
#include "../util/strbuf.h"

#define OBJECTS_LEAST 100
#define NEWBORN_LEAST 10 /* it goes on */
#define CONFIDENCE 0.4

bool unanchored_find(struct heap *heap, struct candidate *c)
{
	const struct holders *h = &heap->holders;
	const struct root *root;
	struct strbuf content;

	if (h->lost_objects < OBJECTS_LEAST || h->lost_newborn < NEWBORN_LEAST || h->interval <= 0)
		return false;
	root = path_root(&heap->reach, h->lost_example);
	if (!root)
		return false;
	*c = (struct candidate){ .verdict = VERDICT_UNDECIDED,
				 .confidence = CONFIDENCE,
				 .bytes_per_second = (double)h->lost_bytes / h->interval,
				 .objects_per_second = (double)h->lost_objects / h->interval,
				 .inuse_bytes = (int64_t)h->lost_bytes,
				 .inuse_objects = (int64_t)h->lost_objects };
	for (unsigned i = 0; i < REPORT_WALKS_MAX; i++)
		c->sizes[i] = UNKNOWN;
	snprintf(c->held_by, sizeof(c->held_by), "%s", root->label);
	path_write(&heap->reach, h->lost_example, c->example, sizeof(c->example));
	strbuf_init(&content, c->content, sizeof(c->content));
	for (unsigned i = 0; i < UNREACHED_TYPES && h->lost[i].objects; i++)
		strbuf_addf(&content, "%s%s x%llu", i ? ", " : "",
			    types_get(&heap->types, h->lost[i].type)->name,
			    (unsigned long long)h->lost[i].objects);
	snprintf(c->why_no_line, sizeof(c->why_no_line), "its holder moves as it grows");
	candidate_evidence(c, "%llu objects born in %.1f s were still there at the last walk",
			   (unsigned long long)h->lost_objects, h->interval);
	candidate_evidence(c, "it is held through memory of C code, whose words may be stale");
	return true;
}
