// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include "walk.h"

void py_frames(const struct py_layout *l, struct remote *mem, uint64_t thread,
	       bool (*fn)(void *arg, uint64_t frame, uint64_t code), void *arg)
{
	uint64_t frame = py_thread_frame(l, mem, thread), code, previous;
	uint8_t owner;

	for (int depth = 0; frame && depth < PY_FRAMES_MAX; depth++, frame = previous) {
		if (!remote_plausible(frame) || !remote_u64(mem, frame + l->fr_code, &code) ||
		    !remote_u64(mem, frame + l->fr_previous, &previous))
			return;
		if (py_has(l->facts.skip_owner_min) &&
		    !remote_read(mem, frame + l->fr_owner, &owner, 1) &&
		    owner >= l->facts.skip_owner_min)
			continue;
		if (!fn(arg, frame, code & ~7ull))
			return;
	}
}

bool py_frame_instruction(const struct py_layout *l, struct remote *mem, uint64_t frame,
			  uint64_t *instr)
{
	uint32_t lasti;

	if (!l->facts.lasti_units)
		return remote_u64(mem, frame + l->fr_instr, instr);
	if (!remote_u32(mem, frame + l->fr_instr, &lasti))
		return false;
	*instr = (uint64_t)(int64_t)(int32_t)lasti;
	return true;
}
