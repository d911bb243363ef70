// SPDX-License-Identifier: Apache-2.0
/*
 * Where to put probes: CPython's own functions in any build, also where nothing names them.
 *
 * They are searched for in this order, and each says how it was found:
 *
 *	symbol            .symtab of the image
 *	debug file        /usr/lib/debug/.build-id/ab/cdef....debug, of the target's root or of ours
 *	structure         allocator tables in relocated data, functions (FDEs) around
 *	                  references to a string, method definitions, call targets
 *
 * A miss is said (no site, and `why`), a guess never made: what can be checked against something
 * else is, and dropped where the two disagree. docs/cpython.md explains each shape.
 *
 * What the file says is what the process *would* call; the live allocator tables in its memory
 * say what it calls (PYTHONMALLOC, tracemalloc.start(), debug builds change them).
 */
#ifndef PYLEAK_CPYTHON_POINTS_H
#define PYLEAK_CPYTHON_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "../target/memory.h"
#include "../target/process.h"
#include "../util/err.h"
#include "runtime.h"

/* The collectors' arguments differ by version: docs/cpython.md. */
enum py_point {
	PY_POINT_OBJECT_MALLOC,	 /* _PyObject_Malloc(ctx, size): pymalloc, for mem and object */
	PY_POINT_OBJECT_CALLOC,	 /* (ctx, count, size) */
	PY_POINT_OBJECT_REALLOC, /* (ctx, address, size) */
	PY_POINT_OBJECT_FREE,	 /* (ctx, address) */
	PY_POINT_RAW_MALLOC, /* _PyMem_RawMalloc and so on: libc's, for raw and over 512 bytes */
	PY_POINT_RAW_CALLOC,
	PY_POINT_RAW_REALLOC,
	PY_POINT_RAW_FREE,
	PY_POINT_NEW_POOL,    /* allocate_from_new_pool(size class), 3.9+; (state, size class) from
				 3.12; returns a block of a pool that had none, or 0 */
	PY_POINT_COLLECT,     /* collect up to 3.9, gc_collect_main from 3.10: one site per clone */
	PY_POINT_GC_COLLECT,  /* the builtin gc.collect */
	PY_POINT_ARENA_ALLOC, /* _PyObject_ArenaMmap(ctx, size), _PyMem_ArenaAlloc */
	PY_POINT_ARENA_FREE,  /* (ctx, address, size) */
	PY_POINTS,
};

/* PyMemAllocatorDomain (Include/cpython/pymem.h). */
enum py_domain { PY_DOMAIN_RAW, PY_DOMAIN_MEM, PY_DOMAIN_OBJECT, PY_DOMAINS };

enum py_found {
	PY_FOUND_NOT,
	PY_FOUND_SYMBOL,
	PY_FOUND_DEBUG_FILE,
	PY_FOUND_TABLE,	    /* a slot of an allocator table */
	PY_FOUND_STRING,    /* the function around a reference to a string */
	PY_FOUND_METHODDEF, /* a PyMethodDef */
	PY_FOUND_CALL,	    /* a call target */
};

#define PY_POINT_SITES 4 /* clones of one function; 3.8's collect has two */

/* One function, and where a uprobe on it costs least. Addresses are of the process. */
struct py_site {
	uint64_t address;      /* its entry */
	uint64_t file_offset;  /* of the entry in the image's file: what a uprobe is given */
	uint64_t end;	       /* behind its last byte; 0 where unknown */
	uint32_t probe_offset; /* from the entry to the instruction to probe at; stack pointer and
				  arguments are still those of the entry there, but for the
				  context, first argument of the allocators */
	bool emulated; /* the kernel emulates that instruction; else probe_offset is 0 (13 times
			  the cost) */
	char instruction[12]; /* "push", "nop", "jmp", "jcc", "call"; "" where not emulated */
	/*
	 * Of the functions in the allocator tables: another address that begins the same function,
	 * 0 where there is none. A call by it passes the probe if that is `emulated`; else the
	 * probe for such calls is to be there, at alias_offset.
	 */
	uint64_t alias;
	uint64_t alias_offset; /* in the file */
	bool alias_emulated;
};

/* Does the process call it now? */
enum py_live {
	PY_LIVE_UNKNOWN,  /* no table says (collector, pool), or the table could not be read */
	PY_LIVE_YES,	  /* each domain's live table that should hold it does */
	PY_LIVE_PARTLY,	  /* one domain's does, another's does not */
	PY_LIVE_REPLACED, /* none holds it: another allocator, or a hook in front of it */
};

struct py_point_found {
	unsigned sites; /* 0: absent, `why` says the reason */
	struct py_site site[PY_POINT_SITES];
	enum py_found found;
	enum py_live live;
	char why[160]; /* of a miss; or what the live tables hold instead; "" otherwise */
};

/* What a domain's live table holds. A hook in front (tracemalloc) is told by its context. */
enum py_allocator {
	PY_ALLOCATOR_UNKNOWN, /* the table was not found, or could not be read */
	PY_ALLOCATOR_PYMALLOC,
	PY_ALLOCATOR_MALLOC,   /* libc's, through _PyMem_Raw*: PYTHONMALLOC=malloc */
	PY_ALLOCATOR_DEBUG,    /* _PyMem_Debug*: PYTHONMALLOC=debug, -X dev, debug builds */
	PY_ALLOCATOR_MIMALLOC, /* 3.13+ PYTHONMALLOC=mimalloc */
	PY_ALLOCATOR_HOOK,     /* tracemalloc or another, that hands on to one of the others */
};

/* { void *ctx; malloc; calloc; realloc; free }, PyMemAllocatorEx (Include/cpython/pymem.h). */
struct py_domain_table {
	uint64_t address; /* of the table in the process; 0 where it was not found */
	uint64_t context;
	uint64_t function[4]; /* malloc, calloc, realloc, free, as read from the process */
	enum py_allocator holds;
	enum py_allocator behind; /* what a hook or the debug allocator hands on to; else UNKNOWN */
	bool redirected;	  /* aliases stand for some of pymalloc's functions: redirect/ */
};

/* USDT probes of builds with --with-dtrace: struct note in .note.stapsdt. */
struct py_usdt {
	uint64_t address, file_offset;
	uint64_t semaphore;	   /* address; 0 where it has none */
	uint64_t semaphore_offset; /* its file offset: a uprobe's ref_ctr_offset */
};

struct py_points {
	struct py_point_found point[PY_POINTS];
	struct py_domain_table table[PY_DOMAINS];
	struct py_usdt gc_start[PY_POINT_SITES], gc_done[PY_POINT_SITES];
	unsigned gc_starts, gc_dones;
	unsigned inlined; /* branches that choose between table and inlined copy: inlined.h */
	int minor;			 /* of Python 3 */
	uint64_t image_start, image_end; /* of the image in the process */
	bool cached;	     /* the file was not searched: its build id was known */
	char debug_file[160]; /* the debug file that was read, "" where none was */
};

/*
 * Find them all in the process that @rt describes. 0, also where much or all is missing; -errno
 * with @e set where the image's file cannot be opened or the process is gone. Nothing to release.
 */
int py_points_find(struct py_points *points, const struct py_runtime *rt, const struct process *p,
		   struct remote *mem, struct err *e);

/*
 * Read the live tables again: after tracemalloc.start() in the target they hold something else.
 * Sets table[] and each point's `live` and `why`.
 */
void py_points_refresh(struct py_points *points, struct remote *mem);

/* CPython's name of the function, as "_PyObject_Malloc". */
const char *py_point_name(enum py_point point);
/* "symbol", "debug file", "allocator table", "string reference", "method definition", "call". */
const char *py_found_name(enum py_found found);
const char *py_allocator_name(enum py_allocator allocator);

#endif
