// SPDX-License-Identifier: Apache-2.0
/*
 * Where things lie inside one build of CPython: one list of fields, filled from generated tables
 * (layouts/3_N.inc, written by scripts/gen-layout from that version's own headers and debug info,
 * never typed), then overridden by what the process says of itself (_Py_DebugOffsets, 3.13 and
 * later), then verified on the live process.
 *
 * A field that a version does not have is PY_ABSENT; test with py_has(). Offsets are in bytes from
 * the start of the struct that the field's prefix names; sizes are in bytes.
 */
#ifndef PYLEAK_CPYTHON_LAYOUT_H
#define PYLEAK_CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define PY_ABSENT 0xffffffffu

/*
 * prefix: rt _PyRuntimeState, is PyInterpreterState, ts PyThreadState, cf _PyCFrame (3.10-3.12),
 * fr the interpreter frame (_PyInterpreterFrame from 3.11, PyFrameObject before), fo PyFrameObject,
 * co PyCodeObject, ob PyObject/PyVarObject, tp PyTypeObject, ht PyHeapTypeObject, us str, by bytes,
 * li list, tu tuple, di dict, dk dict keys, dv dict values (3.11+), se set, dq deque, db deque
 * block, fu function, ge generator, ex BaseException, tb traceback, ce cell, me method, wr weakref,
 * lc lru_cache wrapper, le lru_cache link, ml module, md member descriptor, gc GC head,
 * a generation or the collector's state, gs a generation's statistics (3.15: and the rings of
 * them), ba bytearray, lo int.
 */
/* clang-format off */
#define PY_LAYOUT_FIELDS(X)									\
	X(rt_interpreters_head) X(rt_autotsskey) X(rt_tstate_current) X(rt_gc)			\
	X(rt_main_thread)									\
	X(is_next) X(is_threads_head) X(is_modules) X(is_gc) X(is_id) X(is_builtins)		\
	X(is_sysdict) X(is_size)								\
	X(gc_generations) X(gc_generation_size) X(gc_threshold) X(gc_count) X(gc_enabled)	\
	X(gc_collecting) X(gc_garbage) X(gc_long_lived_total) X(gc_long_lived_pending)		\
	X(gc_heap_size) X(gc_stats) X(gs_size) X(gs_collections) X(gs_collected)		\
	X(gs_uncollectable) X(gs_young_index) X(gs_old) X(gs_old_size) X(gs_old_index)		\
	X(ts_next) X(ts_interp) X(ts_frame) X(ts_cframe) X(cf_current_frame) X(ts_dict)		\
	X(ts_context)										\
	X(ts_thread_id) X(ts_native_thread_id) X(ts_size)					\
	X(fr_code) X(fr_previous) X(fr_instr) X(fr_owner) X(fr_is_entry) X(fr_localsplus)	\
	X(fr_stacktop)										\
	X(fr_stackpointer)									\
	X(fr_globals) X(fr_builtins) X(fr_locals) X(fr_frame_obj) X(fr_func) X(fr_size)		\
	X(fo_back) X(fo_frame) X(fo_frame_data) X(fo_trace)					\
	X(fo_valuestack) X(fo_stacktop) X(fo_stackdepth) X(fo_executing) X(fo_state)		\
	X(fo_gen) X(fo_blockstack)								\
	X(co_filename) X(co_name) X(co_qualname) X(co_linetable) X(co_firstlineno)		\
	X(co_code_adaptive)									\
	X(co_stacksize) X(co_nlocals) X(co_nlocalsplus) X(co_localsplusnames) X(co_varnames)	\
	X(co_cellvars)										\
	X(co_freevars) X(co_zombieframe) X(co_extra) X(co_weakreflist)				\
	X(ob_refcnt) X(ob_type) X(ob_size)							\
	X(tp_name) X(tp_basicsize) X(tp_itemsize) X(tp_flags) X(tp_dictoffset)			\
	X(tp_weaklistoffset) X(tp_base)								\
	X(tp_dict) X(tp_subclasses) X(tp_mro) X(tp_cache) X(tp_bases) X(tp_size)		\
	X(ht_cached_keys) X(ht_qualname) X(ht_size)						\
	X(us_length) X(us_state) X(us_ascii_data) X(us_compact_data) X(us_data_any)		\
	X(by_data) X(li_item) X(li_allocated) X(tu_item)					\
	X(di_used) X(di_keys) X(di_values)							\
	X(dk_size) X(dk_log2_size) X(dk_log2_index_bytes) X(dk_kind) X(dk_nentries)		\
	X(dk_indices)										\
	X(dv_values) X(dv_capacity)								\
	X(se_used) X(se_mask) X(se_table) X(se_smalltable)					\
	X(dq_leftblock) X(dq_leftindex) X(dq_maxlen) X(db_data) X(db_rightlink)		\
	X(db_len)										\
	X(fu_code) X(fu_globals) X(fu_name) X(fu_qualname) X(fu_defaults) X(fu_kwdefaults)	\
	X(fu_closure) X(fu_dict)								\
	X(fu_module)										\
	X(ge_frame) X(ge_iframe) X(ge_running) X(ge_frame_state)				\
	X(ex_dict) X(ex_args) X(ex_traceback) X(ex_context) X(ex_cause)				\
	X(tb_next) X(tb_frame) X(ce_ref) X(me_func) X(me_self)					\
	X(wr_object) X(wr_callback) X(wr_prev) X(wr_next)					\
	X(lc_root_prev) X(lc_root_next) X(lc_func) X(lc_cache) X(lc_maxsize) X(le_prev)		\
	X(le_next) X(le_key)									\
	X(le_result)										\
	X(ml_dict) X(md_member) X(gc_next) X(gc_prev) X(gc_size) X(ba_start) X(lo_tag)		\
	X(lo_digit)
/* clang-format on */

/* Things that are not offsets. */
struct py_facts {
	uint32_t pool_size;	 /* pymalloc pool: 4096 before 3.10, 16384 from there */
	uint32_t inline_values;	 /* 1: 3.13+, values lie in the object behind tp_basicsize */
	uint32_t managed_dict;	 /* 1: 3.11+, pre-header of two words in front of the GC head */
	uint32_t tagged_refs;	 /* 1: 3.14+, frame slots are _PyStackRef with tag bits */
	uint32_t lasti_units;	 /* bytes per unit of f_lasti (1 or 2); 0: fr_instr is a pointer */
	uint32_t skip_owner_min; /* skip frames with an owner >= this; PY_ABSENT: none */
};

struct py_layout {
	uint32_t version_hex; /* PY_VERSION_HEX of the process: 0x030b02f0 is 3.11.2 */
	int major, minor, micro;
	bool free_threaded;
	bool self_described; /* some fields come from _Py_DebugOffsets */
	struct py_facts facts;
#define X(field) uint32_t field;
	PY_LAYOUT_FIELDS(X)
#undef X
};

static inline bool py_has(uint32_t offset)
{
	return offset != PY_ABSENT;
}

/* tp_flags bits, stable from 3.8 to 3.15 (Include/object.h), but for the two managed ones. */
#define PY_TPFLAGS_INLINE_VALUES (1UL << 2)   /* 3.13+ */
#define PY_TPFLAGS_MANAGED_WEAKREF (1UL << 3) /* 3.12+ */
#define PY_TPFLAGS_MANAGED_DICT (1UL << 4)    /* 3.11+ */
#define PY_TPFLAGS_HEAPTYPE (1UL << 9)
#define PY_TPFLAGS_READY (1UL << 12)
#define PY_TPFLAGS_HAVE_GC (1UL << 14)
#define PY_TPFLAGS_LONG_SUBCLASS (1UL << 24)
#define PY_TPFLAGS_LIST_SUBCLASS (1UL << 25)
#define PY_TPFLAGS_TUPLE_SUBCLASS (1UL << 26)
#define PY_TPFLAGS_BYTES_SUBCLASS (1UL << 27)
#define PY_TPFLAGS_UNICODE_SUBCLASS (1UL << 28)
#define PY_TPFLAGS_DICT_SUBCLASS (1UL << 29)
#define PY_TPFLAGS_BASE_EXC_SUBCLASS (1UL << 30)
#define PY_TPFLAGS_TYPE_SUBCLASS (1UL << 31)

/* For messages: the versions that have a table in layout.c. */
#define PY_LAYOUT_VERSIONS "3.8 to 3.15"

/* The generated table for 3.@minor, default build, into @l; -ENOENT where there is none. */
int py_layout_table(struct py_layout *l, int major, int minor);

#endif
