// SPDX-License-Identifier: Apache-2.0
#include "calibrate.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../util/clock.h"

#define WRITES 64

/* ns that one watched write of ours takes; negative where watchpoints are denied. */
static double trap_ns(void)
{
	static volatile uint64_t word;
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uint64_t)(uintptr_t)&word,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.exclude_kernel = 1,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	uint64_t began;

	if (fd < 0)
		return -1;
	began = clock_ns();
	for (uint64_t i = 0; i < WRITES; i++)
		word = i;
	began = clock_ns() - began;
	close(fd);
	return (double)began / WRITES;
}

double calibrate_cost_percent(const struct watch_stats *w, double seconds)
{
	double ns = 0;

	if (w->hits) {
		double trap = trap_ns();

		if (trap < 0)
			return -1;
		ns = (double)w->hits * trap +
		     (w->bpf_ns ? (double)w->bpf_ns : (double)w->hits * trap);
	}
	return seconds > 0 ? ns / (seconds * 1e9) * 100 : -1;
}
