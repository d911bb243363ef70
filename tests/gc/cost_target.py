# SPDX-License-Identifier: Apache-2.0
"""
What a collection costs, and what lies between collections. Reads commands, answers with a number:
"collect": µs of a gc.collect(0) of an empty generation below ten frames; "between": µs of a thousand
objects that come and go while nothing is collected; "work": seconds of processor time that as many
collections of the same garbage take as each time.
"""
import gc
import sys
import time

WINDOWS, CALLS = 40, 100
OBJECTS = 1000
WORK = 4000  # collections of as many objects as the threshold


class Cycle:
    __slots__ = ("me",)

    def __init__(self):
        self.me = self


def below(depth, function):
    return below(depth - 1, function) if depth > 1 else function()


def tenth(window):
    """Of forty windows the fourth: what comes over the machine only adds."""
    return sorted(window() for _ in range(WINDOWS))[WINDOWS // 10]


def collect():
    began = time.perf_counter_ns()
    for _ in range(CALLS):
        gc.collect(0)
    return (time.perf_counter_ns() - began) / CALLS / 1e3


def between():
    began = time.perf_counter_ns()
    for _ in range(OBJECTS):
        [object()]
    return (time.perf_counter_ns() - began) / 1e3


def work():
    began = time.process_time()
    for _ in range(WORK):
        for _ in range(700):
            Cycle()
        gc.collect(0)
    return time.process_time() - began


def main():
    gc.collect()
    gc.disable()
    print("READY", flush=True)
    for line in sys.stdin:
        word = line.strip()
        answer = below(10, work) if word == "work" else \
            tenth(lambda: below(10, collect if word == "collect" else between))
        print("%.5f" % answer, flush=True)


main()
