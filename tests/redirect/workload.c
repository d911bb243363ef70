// SPDX-License-Identifier: Apache-2.0
/*
 * A known number of calls of CPython's allocator, in an order that looks like chance: loaded by
 * target.py into any interpreter, so it is linked with nothing.
 */
#define HELD 512
#define SIZE_MAX_ASKED 1500 /* a third goes on to malloc */

typedef unsigned long size;

struct functions {
	void *(*malloc)(size);
	void *(*calloc)(size, size);
	void *(*realloc)(void *, size);
	void (*free)(void *);
};

struct counts {
	long allocated, freed; /* a realloc of a block is both */
	long held, held_bytes; /* more than before */
};

static struct {
	void *block;
	size bytes;
} held[2][HELD];

static unsigned long chance = 88172645463325252UL;

static unsigned long next(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance;
}

static void drop(const struct functions *f, struct counts *c, unsigned which, unsigned i)
{
	f->free(held[which][i].block);
	c->freed++;
	c->held--;
	c->held_bytes -= (long)held[which][i].bytes;
	held[which][i].block = 0;
}

static void take(const struct functions *f, struct counts *c, unsigned which, unsigned i)
{
	size bytes = 1 + next() % SIZE_MAX_ASKED;
	int zeroed = next() & 1;

	held[which][i].block = zeroed ? f->calloc(1, bytes) : f->malloc(bytes);
	held[which][i].bytes = bytes;
	c->allocated++;
	c->held++;
	c->held_bytes += (long)bytes;
}

static void resize(const struct functions *f, struct counts *c, unsigned which, unsigned i)
{
	size bytes = 1 + next() % SIZE_MAX_ASKED;

	held[which][i].block = f->realloc(held[which][i].block, bytes);
	c->allocated++;
	c->freed++;
	c->held_bytes += (long)bytes - (long)held[which][i].bytes;
	held[which][i].bytes = bytes;
}

/* @count calls of the functions of the mem domain (@which 0) or of the object domain. */
void run(const struct functions *f, unsigned which, long count, struct counts *c)
{
	for (long call = 0; call < count; call++) {
		unsigned i = next() % HELD;

		if (!held[which][i].block)
			take(f, c, which, i);
		else if (next() & 1)
			drop(f, c, which, i);
		else
			resize(f, c, which, i);
	}
}
