# SPDX-License-Identifier: Apache-2.0
# Prints READY; for each line "small DEPTH N" or "large DEPTH N" on standard input: the nanoseconds
# that one allocation and its free take, the least of a few loops of N of them, DEPTH functions deep.
# A small one is an object of 16 bytes, from CPython's allocator alone; a large one also from malloc.
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


def deep(function, depth, count):
    return deep(function, depth - 1, count) if depth > 1 else function(count)


print("READY", flush=True)
for line in sys.stdin:
    name, depth, count = line.split()
    times = []
    for _ in range(LOOPS):
        times.append(deep(globals()[name], int(depth), int(count)))
    print(min(times), flush=True)
