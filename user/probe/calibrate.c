// SPDX-License-Identifier: Apache-2.0
#include "calibrate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../target/maps.h"
#include "../util/clock.h"

#define WRITES 32
#define WALK_MOST_NS 20e3 /* of a stack: more is time in which the thread had lost its CPU */
#define CALLS 512
#define ROUNDS 5 /* the least counts: others may run meanwhile */

/*
 * Bytes that the caller works on between two hits, as programs do: what the kernel's way there and
 * back puts out of the caches, it has to fetch again.
 */
#define WORK_BYTES 65536
#define CACHE_LINE 64

static volatile uint64_t word;

static double write_ns(void)
{
	uint64_t least = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t began = clock_ns();

		for (uint64_t i = 0; i < WRITES; i++)
			word = i;
		began = clock_ns() - began;
		least = began < least ? began : least;
	}
	return (double)least / WRITES;
}

double calibrate_watch_trap(void)
{
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
	double ns;

	if (fd < 0)
		return -1;
	ns = write_ns();
	close(fd);
	return ns;
}

double calibrate_watch_ns(const struct watch_stats *w, double trap_ns)
{
	double hits = (double)w->hits;

	return HITS_BESIDE *
	       (hits * trap_ns +
		(w->bpf_ns ? fmin((double)w->bpf_ns, hits * WALK_MOST_NS) : hits * trap_ns));
}

/* Two functions, of which the kernel emulates the first instruction, and steps it. */
#ifdef __x86_64__
__asm__(".pushsection .text\n"
	".type calibrate_emulated, @function\ncalibrate_emulated: push %rbp; pop %rbp; ret\n"
	".type calibrate_stepped, @function\ncalibrate_stepped: mov %rsp, %rax; ret\n"
	".popsection");
#else
__asm__(".pushsection .text\n"
	".type calibrate_emulated, @function\ncalibrate_emulated: nop; ret\n"
	".type calibrate_stepped, @function\ncalibrate_stepped: mov x1, sp; ret\n"
	".popsection");
#endif
void calibrate_emulated(void) __attribute__((visibility("hidden")));
void calibrate_stepped(void) __attribute__((visibility("hidden")));

/* A program that does nothing but return @value. */
static int load_program(int type, int value)
{
	const struct bpf_insn leave[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", leave, 2, &options);
}

/* ns of a call and the work before it. */
static double call_ns(void (*function)(void))
{
	static volatile uint8_t work[WORK_BYTES];
	uint64_t least = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t began = clock_ns();

		for (int i = 0; i < CALLS; i++) {
			for (unsigned at = 0; at < WORK_BYTES; at += CACHE_LINE)
				work[at]++;
			function();
		}
		began = clock_ns() - began;
		least = began < least ? began : least;
	}
	return (double)least / CALLS;
}

/* Where in our own file the function is; 0 where that cannot be told. */
static uint64_t own_offset(void (*function)(void))
{
	uint64_t address = (uint64_t)(uintptr_t)function, offset = 0;
	const struct map *m;
	struct maps maps;

	if (maps_read(&maps, getpid()))
		return 0;
	m = maps_find(&maps, address);
	if (m)
		offset = m->offset + (address - m->start);
	maps_release(&maps);
	return offset;
}

static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Put a program that does nothing on the function: at its entry, and at its return. */
static int attach_to(enum attach_way way, uint64_t offset, bool returns, int *fds)
{
	bool session = way == ATTACH_SESSION;

	fds[0] = load_program(attach_type(way), session && !returns);
	if (fds[0] < 0)
		return -EOPNOTSUPP;
	fds[1] = attach_probe(way, fds[0], "/proc/self/exe", offset, getpid(),
			      session ? ATTACH_BOTH : ATTACH_ENTRY);
	if (fds[1] < 0 || !returns || session)
		return fds[1] < 0 ? fds[1] : 0;
	fds[2] = load_program(attach_return_type(way), 0);
	if (fds[2] < 0)
		return -EOPNOTSUPP;
	fds[3] = attach_probe(way, fds[2], "/proc/self/exe", offset, getpid(), ATTACH_RETURN);
	return fds[3] < 0 ? fds[3] : 0;
}

/* ns that a probe at the entry adds to a call, with @returns one at its return too. 0 or -errno. */
static int probed_ns(enum attach_way way, void (*function)(void), bool returns, double *ns)
{
	uint64_t offset = own_offset(function);
	double plain = call_ns(function);
	int fds[] = { -1, -1, -1, -1 }, err;

	err = offset ? attach_to(way, offset, returns, fds) : -EOPNOTSUPP;
	if (!err)
		*ns = fmax(call_ns(function) - plain, 0);
	close_all(fds, sizeof(fds) / sizeof(fds[0]));
	return err;
}

int calibrate_traps(enum attach_way way, struct trap_cost *out)
{
	double both = 0;
	int err = probed_ns(way, calibrate_emulated, false, &out->emulated_ns);

	if (!err)
		err = probed_ns(way, calibrate_emulated, true, &both);
	if (!err)
		err = probed_ns(way, calibrate_stepped, false, &out->stepped_ns);
	out->watch_ns = fmax(calibrate_watch_trap(), 0);
	out->return_ns = both > out->emulated_ns ? both - out->emulated_ns : 0;
	return err;
}
