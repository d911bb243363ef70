# SPDX-License-Identifier: Apache-2.0
"""Runs watch_word on target.py, and says whether the stacks are what that program does.

A check takes the target's pid and the address of its list's size word, and returns None or what is
wrong.
"""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
WATCH_WORD = os.path.join(REPOSITORY, "build", "probe", "watch_word")
TARGET = os.path.join(HERE, "target.py")
SHOWN_FRAMES = 5
MAX_FRAMES = 128
DROP_DEPTH = 3  # bpf/abi.h


def build():
    os.makedirs(os.path.dirname(WATCH_WORD), exist_ok=True)
    subprocess.run(
        ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-g", "-o", WATCH_WORD,
         os.path.join(HERE, "watch_word.c"), os.path.join(REPOSITORY, "build", "libpyleak.a"),
         "-lbpf", "-lelf", "-ldw", "-ljansson", "-lz", "-lm"], check=True)


def marked_lines():
    """{"STORE": 18, ...}: the lines of target.py that end in such a comment."""
    marked = re.compile(r"# ([A-Z]+)$")
    with open(TARGET, encoding="utf-8") as source:
        return {match.group(1): number for number, line in enumerate(source, 1)
                for match in [marked.search(line)] if match}


LINES = marked_lines()


class Write:
    """A line that watch_word printed."""

    def __init__(self, line):
        _, tid, depth, truncated, stack = line.split(" ", 4)
        self.tid, self.depth, self.truncated = int(tid), int(depth), int(truncated)
        self.stack = stack.split(" < ")


class Watched:
    """What one run of watch_word printed."""

    def __init__(self, status, output, complaint):
        lines = output.splitlines()
        self.status, self.complaint = status, complaint.strip()
        self.writes = [Write(line) for line in lines if line.startswith("write ")]
        stats = re.search(r"^stats hits (\d+) .* dropped (.*)$", output, re.M)
        self.hits = int(stats.group(1)) if stats else 0
        self.dropped = [int(count) for count in stats.group(2).split()] if stats else []

    @property
    def threads(self):
        return {write.tid for write in self.writes}


def command(pid, address, seconds=10, max_hits=1000, events=20, mode=()):
    return [WATCH_WORD, str(pid), address, str(seconds), str(max_hits), str(events), *mode]


def watch(pid, address, before=(), **options):
    done = subprocess.run([*before, *command(pid, address, **options)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    return Watched(done.returncode, done.stdout, done.stderr)


def stack_of(call, depth):
    """What the innermost frames must be when work() calls store() at that line."""
    stack = ["store:%d" % LINES["STORE"]] + ["store:%d" % (LINES["STORE"] - 2)] * (depth - 1)
    return (stack + ["work:%d" % LINES[call]])[:SHOWN_FRAMES]


def check_stacks(pid, address):
    """Every reported write is an append, by one of its two callers, in both threads."""
    seen = watch(pid, address, events=40)
    expected = [stack_of("FIRST", 3), stack_of("SECOND", 3)]
    for write in seen.writes:
        if write.stack[:4] not in [stack[:4] for stack in expected] or write.truncated:
            return "stack %s" % " < ".join(write.stack)
    if {tuple(write.stack[:4]) for write in seen.writes} != {tuple(s[:4]) for s in expected}:
        return "not both callers among %d writes: %s" % (len(seen.writes), seen.complaint)
    if len(seen.threads) != 2 or any(seen.dropped):
        return "threads %s, dropped %s" % (seen.threads, seen.dropped)
    return None


def check_limit(pid, address):
    """The kernel ends the watch after max_hits writes of a thread; `all` reports each of them."""
    seen = watch(pid, address, seconds=4, max_hits=9, events=1000, mode=["all"])
    removes = [write for write in seen.writes if write.stack[0] == "remove:%d" % LINES["REMOVE"]]
    if seen.hits != 18 or len(seen.writes) != 18 or len(removes) != 6:
        return "%d hits, %d events, %d removes: %s" % (
            seen.hits, len(seen.writes), len(removes), seen.complaint)
    return None


def check_depth(pid, address):
    """A stack deeper than the walker goes keeps its innermost frames, and says so."""
    seen = watch(pid, address, events=5)
    if not seen.writes or seen.dropped[DROP_DEPTH] < len(seen.writes):
        return "%d writes, dropped %s: %s" % (len(seen.writes), seen.dropped, seen.complaint)
    for write in seen.writes:
        if ((write.depth, write.truncated) != (MAX_FRAMES, 1)
                or write.stack != stack_of("FIRST", 200)):
            return "depth %d truncated %d stack %s" % (write.depth, write.truncated, write.stack)
    return None


def check_new_threads(pid, address):
    """Threads that start while the word is watched are watched too."""
    seen = watch(pid, address, seconds=4, events=100000)
    if len(seen.threads) < 4:
        return "only threads %s: %s" % (seen.threads, seen.complaint)
    return None


def check_short_threads(pid, address):
    """Threads that live a few milliseconds are watched from their first write on, if asked for; and
    the watch ends soon after max_hits writes of them all."""
    seen = watch(pid, address, events=100, max_hits=10**6, mode=["new"])
    if len(seen.threads) < 20:
        return "only threads %s: %s" % (seen.threads, seen.complaint)
    ended = watch(pid, address, seconds=3, events=100000, max_hits=50, mode=["new"])
    if not 50 <= ended.hits < 150:
        return "%d hits of 50: %s" % (ended.hits, ended.complaint)
    return None
