# SPDX-License-Identifier: Apache-2.0
"""As many objects as the first argument says, and then what tests/bench/heap asks for, one command a
line: a tool that counts them from inside, by its name, or "tick SECONDS", to measure how long the
longest stop is meanwhile. Answers with a line of JSON each.
"""

import gc
import importlib.metadata
import json
import platform
import sys
import time


def build(rounds):
    gc.disable()
    return [[(number * 0.5, number + 1000), str(number)] for number in range(rounds)]


KEPT = build(int(sys.argv[1]) // 5)
gc.enable()


def guppy3():
    import guppy

    return len(guppy.hpy().heap().bytype) and guppy.hpy().heap().count


def pympler():
    from pympler import muppy, summary

    first = summary.summarize(muppy.get_objects())
    second = summary.summarize(muppy.get_objects())
    summary.get_diff(first, second)
    return sum(row[1] for row in second)


def objgraph():
    import objgraph as graph

    graph.growth(limit=10)
    graph.most_common_types(limit=10)
    graph.growth(limit=10)
    return sum(graph.typestats().values())


def tracemalloc():
    import tracemalloc as trace

    before = trace.take_snapshot()
    after = trace.take_snapshot()
    after.compare_to(before, "lineno")
    return sum(each.count for each in after.statistics("lineno"))


TOOLS = {each.__name__: each for each in (guppy3, pympler, objgraph, tracemalloc)}


def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def run(tool):
    before, began = peak(), time.perf_counter()
    objects = TOOLS[tool]()
    seconds = time.perf_counter() - began
    try:
        version = importlib.metadata.version(tool)
    except importlib.metadata.PackageNotFoundError:
        version = "of " + platform.python_version()
    return {"seconds": seconds, "objects": objects, "rss_bytes": peak() - before,
            "version": version}


def tick(seconds):
    last = time.perf_counter()
    end, longest = last + seconds, 0
    while last < end:
        now = time.perf_counter()
        longest = max(longest, now - last)
        last = now
    return {"longest": longest}


print("READY", flush=True)
for line in sys.stdin:
    words = line.split()
    print(json.dumps(tick(float(words[1])) if words[0] == "tick" else run(words[0])), flush=True)
