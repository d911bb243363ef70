// SPDX-License-Identifier: Apache-2.0
/* Live allocator tables, played by words of the test itself, and the cache of what was found. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/cpython/points_cache.h"

/* Nothing calls these: only their numbers matter. */
#define PYMALLOC 0x1000u
#define RAW 0x2000u
#define OTHER 0x3000u

struct table {
	uint64_t context, function[4];
};

struct debug {
	uint64_t letter;
	struct table table;
};

/* Every place a context may lead to. */
struct played {
	struct table raw, mem, object, hooked;
	struct debug debug;
	struct py_points points;
	struct remote mem_of;
};

static uint64_t here(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static void fill(struct table *t, const void *context, uint64_t first)
{
	t->context = here(context);
	for (unsigned i = 0; i < 4; i++)
		t->function[i] = first + i;
}

static void start(struct played *p, int minor)
{
	memset(p, 0, sizeof(*p));
	remote_init(&p->mem_of, getpid());
	p->points.minor = minor;
	p->points.image_start = 0x1000;
	p->points.image_end = 0x10000;
	for (unsigned i = 0; i < 4; i++) {
		p->points.point[PY_POINT_OBJECT_MALLOC + i].sites = 1;
		p->points.point[PY_POINT_OBJECT_MALLOC + i].site[0].address = PYMALLOC + i;
		p->points.point[PY_POINT_RAW_MALLOC + i].sites = 1;
		p->points.point[PY_POINT_RAW_MALLOC + i].site[0].address = RAW + i;
	}
	p->points.table[PY_DOMAIN_RAW].address = here(&p->raw);
	p->points.table[PY_DOMAIN_MEM].address = here(&p->mem);
	p->points.table[PY_DOMAIN_OBJECT].address = here(&p->object);
	fill(&p->raw, NULL, RAW);
	fill(&p->mem, NULL, PYMALLOC);
	fill(&p->object, NULL, PYMALLOC);
	fill(&p->debug.table, NULL, PYMALLOC);
	p->debug.letter = 'o';
}

static void expect(struct played *p, enum py_allocator holds, enum py_allocator behind,
		   enum py_live live)
{
	py_points_refresh(&p->points, &p->mem_of);
	assert_int_equal(p->points.table[PY_DOMAIN_OBJECT].holds, holds);
	assert_int_equal(p->points.table[PY_DOMAIN_OBJECT].behind, behind);
	assert_int_equal(p->points.point[PY_POINT_OBJECT_FREE].live, live);
	assert_int_equal(p->points.point[PY_POINT_COLLECT].live, PY_LIVE_UNKNOWN);
}

static void tables_as_they_begin(void **state)
{
	struct played p;

	(void)state;
	start(&p, 11);
	expect(&p, PY_ALLOCATOR_PYMALLOC, PY_ALLOCATOR_UNKNOWN, PY_LIVE_YES);
	assert_int_equal(p.points.point[PY_POINT_RAW_MALLOC].live, PY_LIVE_YES);
	assert_string_equal(p.points.point[PY_POINT_OBJECT_FREE].why, "");
}

static void tables_that_were_changed(void **state)
{
	struct played p;

	(void)state;
	start(&p, 11);
	fill(&p.mem, NULL, RAW);
	expect(&p, PY_ALLOCATOR_PYMALLOC, PY_ALLOCATOR_UNKNOWN, PY_LIVE_PARTLY);
	assert_string_equal(p.points.point[PY_POINT_OBJECT_FREE].why, "mem: malloc");
	fill(&p.object, NULL, RAW);
	expect(&p, PY_ALLOCATOR_MALLOC, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
	fill(&p.mem, &p.debug, OTHER);
	fill(&p.object, &p.debug, OTHER);
	expect(&p, PY_ALLOCATOR_DEBUG, PY_ALLOCATOR_PYMALLOC, PY_LIVE_YES);
	assert_string_equal(p.points.point[PY_POINT_OBJECT_FREE].why,
			    "mem and object: debug allocator in front of pymalloc");
	fill(&p.hooked, &p.debug, OTHER);
	fill(&p.object, &p.hooked, OTHER + 8);
	expect(&p, PY_ALLOCATOR_HOOK, PY_ALLOCATOR_PYMALLOC, PY_LIVE_YES);
}

static void tables_that_lead_nowhere(void **state)
{
	struct played p;

	(void)state;
	start(&p, 11);
	fill(&p.mem, NULL, OTHER); /* not CPython's, or mimalloc before there was one */
	fill(&p.object, NULL, OTHER);
	expect(&p, PY_ALLOCATOR_UNKNOWN, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
	p.points.minor = 13;
	expect(&p, PY_ALLOCATOR_MIMALLOC, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
	fill(&p.object, (void *)8, OTHER);
	expect(&p, PY_ALLOCATOR_UNKNOWN, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
	fill(&p.object, &p.object, OTHER); /* a ring */
	expect(&p, PY_ALLOCATOR_UNKNOWN, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
	p.points.table[PY_DOMAIN_OBJECT].address = 0;
	expect(&p, PY_ALLOCATOR_UNKNOWN, PY_ALLOCATOR_UNKNOWN, PY_LIVE_UNKNOWN);
	start(&p, 11);
	p.points.point[PY_POINT_OBJECT_CALLOC].sites = 0;
	expect(&p, PY_ALLOCATOR_UNKNOWN, PY_ALLOCATOR_UNKNOWN, PY_LIVE_REPLACED);
}

/* Our own executable, in a folder of its own. */
struct cache {
	char root[64], directory[96], entry[320];
	struct image *img;
	struct py_points points;
};

static void cache_open(struct cache *c)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	memset(c, 0, sizeof(*c));
	assert_true(fd >= 0);
	assert_int_equal(image_open_fd(&c->img, fd, "self", NULL), 0);
	close(fd);
	snprintf(c->root, sizeof(c->root), "/tmp/pyleak-points-%d", (int)getpid());
	assert_int_equal(mkdir(c->root, 0700), 0);
	snprintf(c->directory, sizeof(c->directory), "%s/points", c->root);
	snprintf(c->entry, sizeof(c->entry), "%s/%s", c->directory, image_build_id(c->img));
	c->points.minor = 11;
	c->points.point[PY_POINT_COLLECT].sites = 2;
	c->points.point[PY_POINT_COLLECT].site[1].address = 0x1234;
}

static void cache_close(struct cache *c)
{
	char path[128];

	unlink(c->entry);
	snprintf(path, sizeof(path), "%s/key", c->directory);
	unlink(path);
	rmdir(c->directory);
	rmdir(c->root);
	image_close(c->img);
}

static void what_is_kept_is_found_again(void **state)
{
	struct py_points again;
	struct cache c;

	(void)state;
	cache_open(&c);
	if (!*image_build_id(c.img)) {
		cache_close(&c);
		skip();
	}
	assert_false(points_cache_load(c.directory, c.img, 11, &again));
	points_cache_store(c.directory, c.img, &c.points);
	assert_true(points_cache_load(c.directory, c.img, 11, &again));
	assert_memory_equal(&again, &c.points, sizeof(again));
	assert_false(points_cache_load(c.directory, c.img, 12, &again));
	assert_false(points_cache_load("", c.img, 11, &again));
	assert_int_equal(chmod(c.directory, 0777), 0); /* others may write there */
	assert_false(points_cache_load(c.directory, c.img, 11, &again));
	assert_int_equal(chmod(c.directory, 0700), 0);
	cache_close(&c);
}

static void every_damaged_byte_is_noticed(void **state)
{
	struct py_points again;
	struct stat st;
	struct cache c;
	int fd;

	(void)state;
	cache_open(&c);
	if (!*image_build_id(c.img)) {
		cache_close(&c);
		skip();
	}
	points_cache_store(c.directory, c.img, &c.points);
	fd = open(c.entry, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < 32 || at > st.st_size - 16 ? 1 : 97) {
		unsigned char byte, bad;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		bad = byte ^ 0x10;
		assert_int_equal(pwrite(fd, &bad, 1, at), 1);
		assert_false(points_cache_load(c.directory, c.img, 11, &again));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_true(points_cache_load(c.directory, c.img, 11, &again));
	assert_int_equal(ftruncate(fd, st.st_size - 1), 0);
	assert_false(points_cache_load(c.directory, c.img, 11, &again));
	close(fd);
	cache_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_as_they_begin),
		cmocka_unit_test(tables_that_were_changed),
		cmocka_unit_test(tables_that_lead_nowhere),
		cmocka_unit_test(what_is_kept_is_found_again),
		cmocka_unit_test(every_damaged_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
