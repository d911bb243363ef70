// SPDX-License-Identifier: Apache-2.0
#include "parents.h"

#include <errno.h>

#include "../util/pages.h"

/* Which entries 64 blocks have. */
static void list_word(struct parents *p, const struct blocks *b, const struct types *t, bool all,
		      size_t word)
{
	for (uint32_t i = 0; i < 64 && word * 64 + i < b->count; i++) {
		size_t block = word * 64 + i;
		bool old = !all && b->print[block] != PRINT_FREE &&
			   (b->birth[block] & BIRTH_WALK) == 1;

		if (old && b->type[block] == TYPE_NONE)
			p->raw[word] |= 1ull << i;
		else if (!old || types_get(t, b->type[block])->kind != KIND_LEAF)
			p->listed[word] |= 1ull << i;
	}
}

int parents_init(struct parents *p, const struct blocks *b, const struct types *t, bool all)
{
	size_t words = (size_t)b->count / 64 + 1;

	*p = (struct parents){ .count = b->count };
	if (pages_grow(&p->listed, &p->listed_cap, words, sizeof(*p->listed)) ||
	    pages_grow(&p->raw, &p->raw_cap, words, sizeof(*p->raw)) ||
	    pages_grow(&p->seen, &p->seen_cap, words, sizeof(*p->seen)) ||
	    pages_grow(&p->rank, &p->rank_cap, words, sizeof(*p->rank)) ||
	    pages_grow(&p->raw_rank, &p->raw_rank_cap, words, sizeof(*p->raw_rank)))
		return -ENOMEM;
	for (size_t word = 0; word < words; word++) {
		list_word(p, b, t, all, word);
		p->rank[word] = (uint32_t)p->entries;
		p->entries += (size_t)__builtin_popcountll(p->listed[word]);
	}
	for (size_t word = 0; word < words; word++) {
		p->raw_rank[word] = (uint32_t)p->entries;
		p->entries += (size_t)__builtin_popcountll(p->raw[word]);
	}
	return parents_add_late(p, 0);
}

int parents_add_late(struct parents *p, size_t lates)
{
	size_t need = p->entries + lates;

	if (pages_grow(&p->unparent, &p->unparent_cap, need, sizeof(*p->unparent)) ||
	    pages_grow(&p->edge, &p->edge_cap, need, sizeof(*p->edge)) ||
	    pages_grow(&p->old_leaves, &p->old_leaves_cap, need, sizeof(*p->old_leaves)))
		return -ENOMEM;
	return 0;
}

void parents_release(struct parents *p)
{
	pages_free(&p->listed, &p->listed_cap, sizeof(*p->listed));
	pages_free(&p->raw, &p->raw_cap, sizeof(*p->raw));
	pages_free(&p->seen, &p->seen_cap, sizeof(*p->seen));
	pages_free(&p->rank, &p->rank_cap, sizeof(*p->rank));
	pages_free(&p->raw_rank, &p->raw_rank_cap, sizeof(*p->raw_rank));
	pages_free(&p->unparent, &p->unparent_cap, sizeof(*p->unparent));
	pages_free(&p->edge, &p->edge_cap, sizeof(*p->edge));
	pages_free(&p->old_leaves, &p->old_leaves_cap, sizeof(*p->old_leaves));
	*p = (struct parents){ 0 };
}

void parents_set(struct parents *p, uint32_t block, uint32_t parent, unsigned edge)
{
	size_t entry = parents_entry(p, block);

	if (block < p->count)
		parents_see(p, block);
	if (entry == ENTRY_NONE)
		return;
	p->unparent[entry] = ~parent;
	p->edge[entry] = (uint16_t)edge;
}

void parents_count_leaf(struct parents *p, uint32_t parent)
{
	size_t entry = parents_entry(p, parent);

	if (entry != ENTRY_NONE && p->old_leaves[entry] < UINT8_MAX)
		p->old_leaves[entry]++;
}

uint32_t parents_next(const struct parents *p, uint32_t block)
{
	uint64_t mask = UINT64_MAX << (block & 63);

	for (size_t word = block / 64; word * 64 < p->count; word++, mask = UINT64_MAX) {
		uint64_t bits = (p->listed[word] | p->raw[word]) & mask;

		if (bits)
			return (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
	}
	return p->count;
}
