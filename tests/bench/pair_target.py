# SPDX-License-Identifier: Apache-2.0
# Prints READY; for each line "small FRAMES N" or "large FRAMES N" on standard input: the nanoseconds
# that one allocation and its free take, the least of a few loops of N of them, below so many Python
# frames. A small one is an object of 16 bytes, from CPython's allocator alone; a large one also from
# malloc.
import itertools
import sys
import time

LOOPS = 5


def small(count):
    begin = time.perf_counter_ns()
    for _ in itertools.repeat(None, count):
        object()
    return (time.perf_counter_ns() - begin) / count


def large(count):
    begin = time.perf_counter_ns()
    for _ in itertools.repeat(None, count):
        bytes(600)
    return (time.perf_counter_ns() - begin) / count


def below(frames, function, count):
    return below(frames - 1, function, count) if frames > 1 else function(count)


print("READY", flush=True)
for line in sys.stdin:
    name, frames, count = line.split()
    times = []
    for _ in range(LOOPS):
        if line.startswith("small 1 "):  # the module's own frame
            begin = time.perf_counter_ns()
            for _ in itertools.repeat(None, int(count)):
                object()
            times.append((time.perf_counter_ns() - begin) / int(count))
        else:
            times.append(below(int(frames) - 2, globals()[name], int(count)))
    print(min(times), flush=True)
