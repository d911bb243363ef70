# SPDX-License-Identifier: Apache-2.0
"""Outstanding allocations as the kernel side counts them, against what the interpreter says: its
count of blocks, and tracemalloc in a second, identical run. On builds that call their allocator
through its table; then by every way to attach, with maps that are too small, and through an exec.
Needs root."""

import functools
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import launch  # noqa: E402 (found by the line above)

OUTSTANDING = os.path.join(launch.REPOSITORY, "build", "account", "outstanding")
TARGET = os.path.join(HERE, "target.py")
COUNT = 1000  # leaks of each function
ROOM = 1 << 18
WAYS = 3  # enum attach_way
PYMALLOC = "1"  # enum account_source
BLOCKS_OFF = 10
SMALL_COUNT = 20000
SMALL_OFF = 0.25  # of an estimate from a tenth of the room
DYING = 50
END_SECONDS = 5
MANY = int(os.environ.get("ACCOUNT_MANY", 1000000))  # addresses
LATER = 1.5  # seconds
STACKS_POWER = 17  # 2^17 stacks, where a map has room for 2^15
OWN_MEMORY_MAX = 64 << 20
DROP_RINGBUF_FULL, DROP_BAD_FRAME, DROP_SITES_FULL, DROP_MISPREDICTED = 1, 2, 6, 12  # drop_reason
MISPREDICTED_MOST = 50  # until it is noticed
CHURNED = 400000  # objects that come and go
BAD_FRAMES_MOST = 3  # a frame on a page that is not there just now cannot be read in a probe


class Failed(Exception):
    pass


class NotAttached(Failed):
    """The kernel does not offer that way."""


def expect(condition, text, *arguments):
    if not condition:
        raise Failed(text % arguments)


def build():
    os.makedirs(os.path.dirname(OUTSTANDING), exist_ok=True)
    subprocess.run(
        ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-g", "-o", OUTSTANDING,
         os.path.join(HERE, "outstanding.c"),
         os.path.join(launch.REPOSITORY, "build", "libpyleak.a"),
         "-lbpf", "-lelf", "-ldw", "-ljansson", "-lz", "-lm"], check=True)


class Account:
    """A running outstanding; `with Account(...) as account` ends it."""

    def __init__(self, pid, sources="pln", way="best", room=ROOM):
        self.child = subprocess.Popen([OUTSTANDING, str(pid), sources, str(way), str(room)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        first = self.child.stdout.readline()
        if not first.startswith("attached "):
            raise NotAttached("not attached: %s" % self.child.communicate()[1][-300:])
        self.way = first.split(" ", 1)[1].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate()

    def report(self):
        self.child.stdin.write("report\n")
        self.child.stdin.flush()
        report = Report()
        for line in iter(self.child.stdout.readline, "end\n"):
            if not line:
                raise Failed("it ended: %s" % self.child.communicate()[1][-300:])
            report.take(line)
        return report


class Report:
    def __init__(self):
        self.functions = {}  # innermost: [objects, bytes]
        self.calls = {}  # innermost: [allocated, freed] since it was attached
        self.objects = 0  # of CPython's allocator
        self.numbers = {}
        self.dropped = []

    def take(self, line):
        word, rest = line.split(" ", 1)
        if word == "site":
            source, objects, size, allocated, freed, stack = rest.split(" ", 5)
            self.objects += int(objects) * (source == PYMALLOC)
            total = self.functions.setdefault(stack.split(":")[0].strip(), [0, 0])
            total[0] += int(objects)
            total[1] += int(size)
            calls = self.calls.setdefault(stack.split(":")[0].strip(), [0, 0])
            calls[0] += int(allocated)
            calls[1] += int(freed)
        elif word == "shift":
            self.numbers = {name: int(value)
                            for name, value in re.findall(r"([a-z]+) (\d+)(?= |$)", line)}
            self.dropped = [int(count) for count in line.split("dropped ")[1].split()]


def ask(target, command):
    target.tell(command)
    return json.loads(target.child.stdout.readline())


def leak(target, count):
    return ask(target, "leak %d" % count)


def started(interpreter, arguments=()):
    target = launch.Target(interpreter, TARGET, arguments)
    if not target.wait_ready():
        raise Failed("did not start: %s" % target.stop()[1][-300:])
    return target


def check_functions(seen, truth):
    # The others reuse lists, frames and threads, which are kept for that.
    for name, (blocks, size) in truth.items():
        if not name.startswith("leak_") or name == "leak_threads":
            continue
        found = seen.functions.get(name, [0, 0])
        expect(abs(found[0] - blocks) <= 1, "%s: %d blocks, tracemalloc says %d", name, found[0],
               blocks)
        expect(abs(found[1] - size) <= size / 1000 + 64, "%s: %d bytes, tracemalloc says %d", name,
               found[1], size)


@functools.lru_cache(maxsize=None)
def truth_of(interpreter):
    with started(interpreter, ["traced"]) as target:
        return leak(target, COUNT)["traced"]


def expect_nothing_lost(seen):
    """But for a stack or two that were cut short: their blocks count all the same."""
    lost = sum(seen.dropped) - seen.dropped[DROP_BAD_FRAME]
    expect(not lost and seen.dropped[DROP_BAD_FRAME] <= BAD_FRAMES_MOST, "dropped %s", seen.dropped)


def check_blocks(interpreter, way="best", then=None):
    """Each leaking function's blocks and bytes, and the interpreter's own count of blocks, between
    two moments at which it does the same; @then(target, account) goes on from there."""
    truth = truth_of(interpreter)
    expect(len(truth) > 8, "tracemalloc saw only %s", sorted(truth))
    with started(interpreter) as target, Account(target.pid, way=way) as account:
        blocks = leak(target, COUNT)["blocks"]
        before = account.report()
        grown = leak(target, COUNT)["blocks"] - blocks
        seen = account.report()
        if then:
            then(target, account)
    check_functions(before, truth)
    came = seen.objects - before.objects
    expect(abs(came - grown) <= BLOCKS_OFF, "%d more are outstanding, %d came", came, grown)
    expect_nothing_lost(seen)


def check_unseen(interpreter):
    """Frees of what was allocated before anyone looked change nothing."""
    with started(interpreter) as target:
        ask(target, "keep %d" % SMALL_COUNT)
        with Account(target.pid) as account:
            leak(target, COUNT)
            before = account.report()
            ask(target, "drop")
            seen = account.report()
    gone = before.objects - seen.objects
    expect(abs(gone) <= BLOCKS_OFF, "%d fewer are outstanding", gone)
    for name, (blocks, size) in seen.functions.items():
        expect(blocks >= 0 and size >= 0, "%s: %d blocks, %d bytes", name, blocks, size)


def check_predicted(interpreter):
    """Where the kernel can leave returns out, few are waited for."""
    with started(interpreter) as target, Account(target.pid) as account:
        if "session" not in account.way:
            return
        leak(target, 1)
        before = account.report()
        ask(target, "churn %d" % (CHURNED // 2))  # each an object, and the number of its turn
        seen = account.report()
    hits = (seen.numbers["hits"] - before.numbers["hits"]) / CHURNED
    expect(2 <= hits < 2.1, "%.2f hits for an object that comes and goes", hits)
    expect_nothing_lost(seen)


def check_interpreter(interpreter):
    """One that begins later has other pools: no prediction holds there, and that is noticed."""
    with started(interpreter) as target, Account(target.pid, "pn") as account:
        blocks = leak(target, COUNT)["blocks"]
        before = account.report()
        grown = ask(target, "interpreter %d" % SMALL_COUNT)["blocks"] - blocks
        seen = account.report()
    came = seen.objects - before.objects
    expect(grown > SMALL_COUNT, "%d blocks in another interpreter", grown)
    expect(abs(came - grown) <= MISPREDICTED_MOST, "%d more are outstanding, %d came", came, grown)
    expect(seen.dropped[DROP_MISPREDICTED] == ("session" in account.way), "dropped %s",
           seen.dropped)


def settled(account):
    """Once the target, which has answered, does nothing more."""
    before, report = None, account.report()
    while before is None or before.functions != report.functions:
        time.sleep(0.1)
        before, report = report, account.report()
    return report


def check_killed(interpreter):
    """What a process had outstanding when it died stays to be read."""
    with started(interpreter) as target, Account(target.pid) as account:
        leak(target, COUNT)
        before = settled(account)
        target.stop()
        after = account.report()
    expect(after.functions == before.functions, "%s before, %s after", before.functions,
           after.functions)


def check_large(interpreter, way="best"):
    """What is asked of malloc, on any build."""
    with started(interpreter) as target, Account(target.pid, "l", way) as account:
        leak(target, COUNT)
        seen = account.report()
    blocks, size = seen.functions.get("leak_large", [0, 0])
    header = 33  # of bytes, and the zero behind it
    asked = sum(600 + number % 1000 + header for number in range(COUNT))
    slots = (size - asked) / 8  # of the list that holds them
    expect(abs(blocks - COUNT) <= 1, "leak_large: %d blocks of %d", blocks, COUNT)
    expect(COUNT <= slots <= COUNT * 5 / 4, "leak_large: %d bytes of %d", size, asked)
    expect_nothing_lost(seen)


def check_ways(interpreter, checks=(check_blocks,), ways=range(WAYS)):
    """By every way to attach that this kernel has, of @ways."""
    names = []
    for way in ways:
        try:
            for check in checks:
                check(interpreter, way)
        except NotAttached as failure:
            expect(way != 0, "perf uprobes do not work: %s", failure)
        except Failed as failure:
            raise Failed("way %d: %s" % (way, failure)) from failure
        else:
            names.append(way)
    return names


def check_small(interpreter):
    """A tenth of the room that is needed: what leaks later is found as well, and scaled."""
    with started(interpreter) as target, \
            Account(target.pid, "pn", room=SMALL_COUNT * 6 // 10) as account:
        leak(target, SMALL_COUNT)
        seen = account.report()
    for name in ("leak_objects", "leak_texts", "leak_in_thread", "leak_after_fork"):
        found = seen.functions.get(name, [0, 0])[0]
        expect(abs(found - SMALL_COUNT) <= SMALL_OFF * SMALL_COUNT, "%s: %d objects of %d", name,
               found, SMALL_COUNT)
    expect(seen.numbers["shift"] > 0, "nothing was thinned")
    expect(seen.numbers["live"] <= SMALL_COUNT * 6 // 10, "more than there is room for")


def kernel_memory(pid):
    """What the maps take that the process has open, by the kernel's account."""
    total = 0
    for entry in os.listdir("/proc/%d/fdinfo" % pid):
        with open("/proc/%d/fdinfo/%s" % (pid, entry), encoding="ascii") as info:
            total += sum(int(size) for size in re.findall(r"^memlock:\s*(\d+)", info.read(), re.M))
    return total


def peak_memory(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"^VmHWM:\s*(\d+) kB", status.read(), re.M).group(1)) << 10


def check_many(interpreter):
    """Many more addresses than there is room for: memory stays what it was, the totals are right,
    and what leaks later is found."""
    with started(interpreter) as target, Account(target.pid, "pn", room=MANY // 50) as account:
        before = kernel_memory(account.child.pid)
        ask(target, "many %d" % MANY)
        leak(target, SMALL_COUNT)
        seen = account.report()
        after, peak = kernel_memory(account.child.pid), peak_memory(account.child.pid)
    expect(before and after == before, "maps took %d bytes, then %d", before, after)
    expect(peak < OWN_MEMORY_MAX, "it took %d MiB itself", peak >> 20)
    expect(seen.numbers["shift"] > 0, "nothing was thinned")
    for name, count in (("leak_many", MANY), ("leak_objects", SMALL_COUNT)):
        found = seen.functions.get(name, [0])[0]
        expect(abs(found - count) <= SMALL_OFF * count, "%s: %d of %d", name, found, count)


def check_stacks(interpreter):
    """Many more stacks than there is room for: memory stays what it was, the rest counts by its line,
    and what leaks later is found."""
    truth = truth_of(interpreter)
    with started(interpreter) as target, Account(target.pid) as account:
        before = kernel_memory(account.child.pid)
        ask(target, "stacks %d" % STACKS_POWER)
        time.sleep(LATER)  # a stack that is new while the buffer is full is never named
        leak(target, COUNT)
        seen = account.report()
        after, peak = kernel_memory(account.child.pid), peak_memory(account.child.pid)
    below = seen.functions.get("leak_below", [0])[0]
    stacks = 1 << STACKS_POWER
    expect(before and after == before, "maps took %d bytes, then %d", before, after)
    expect(peak < OWN_MEMORY_MAX, "it took %d MiB itself", peak >> 20)
    expect(abs(below - stacks) <= stacks / 1000, "leak_below: %d of %d", below, stacks)
    # Which of the two there is no room in depends on how fast the buffer is emptied.
    lost = seen.dropped[DROP_RINGBUF_FULL] + seen.dropped[DROP_SITES_FULL]
    expect(lost > 0, "stacks without room are not counted")
    check_functions(seen, truth)


def check_dying(interpreter):
    """Functions that are gone before their stacks are read still have their names."""
    with started(interpreter) as target, Account(target.pid) as account:
        ask(target, "dying %d" % DYING)
        seen = account.report()
    dying = sum(total[0] for name, total in seen.functions.items() if name.startswith("dying_"))
    wrong = [name for name in seen.functions if name in ("?", "impostor")]
    expect(abs(dying - DYING) <= 1, "%d blocks by dying functions, not %d", dying, DYING)
    expect(not wrong, "there is also %s", wrong)


def expect_stopped(target, account):
    """After an exec nothing counts: addresses mean something else."""
    before = account.report()
    target.tell("exec")
    time.sleep(1.0)
    after = account.report()
    expect(after.numbers["stopped"] == 1, "the exec was not noticed")
    grown = after.numbers["live"] - before.numbers["live"]
    expect(grown < COUNT, "%d allocations after the exec count", grown)


def check_exec(interpreter):
    with started(interpreter) as target, Account(target.pid, "pln") as account:
        leak(target, COUNT)
        expect_stopped(target, account)


def exact(interpreter):
    """The report of --exact on a program that leaks."""
    program = os.path.join(launch.TARGETS, "demo_shop.py")
    with launch.Target(interpreter, program) as target:
        time.sleep(2.0)  # it prints no READY
        seen = launch.pyleak(["-p", str(target.child.pid), "--exact", "-d", "3s",
                              "--format", "json", "--top", "0"])
    expect(seen.exit == 0, "exit %s: %s", seen.exit, seen.stderr[-300:])
    return json.loads(seen.stdout)


def coverage_of(report):
    found = re.search(r"coverage: the probes saw ([0-9.]+) %", " ".join(report["warnings"]))
    expect(found, "no coverage was measured: %s", report["warnings"])
    return float(found.group(1))


def check_exact(interpreter):
    """--exact sees all, and names the lines that allocate what stays."""
    report = exact(interpreter)
    expect(coverage_of(report) > 99, "coverage %s", coverage_of(report))
    functions = {each["allocated_at"]["function"] for each in report["candidates"]
                 if each["allocated_at"]}
    expect(any("do_GET" in name for name in functions), "allocating functions %s", functions)


def check_lines(interpreter):
    """The lines that allocate most, kept or not, while the target does nothing else."""
    with started(interpreter) as target:
        child = launch.start_pyleak(["-p", str(target.pid), "--exact", "-q", "-d", "4s", "--top",
                                     "1", "--format", "json"])
        while child.poll() is None:
            leak(target, SMALL_COUNT // 100)
        report = json.loads(child.stdout.read())
    most = {}  # of each function: its line that allocates most
    for line in report["allocations"]:
        if line["allocated_at"]:
            most.setdefault(line["allocated_at"]["function"], line)
    churned, leaked = most.get("churn"), most.get("leak_objects")
    expect(churned and leaked, "only %s", sorted(most))
    ratio = churned["objects_per_second"] / leaked["objects_per_second"]
    expect(9 < ratio < 11, "churn allocates %.1f times as many as leak_objects, not 10", ratio)
    expect(churned["inuse_objects"] <= 2, "%d of churn's are kept", churned["inuse_objects"])
    kept = leaked["inuse_objects"] / (leaked["objects_per_second"] * report["duration_seconds"])
    expect(kept > 0.95, "%.2f of leak_objects' are kept", kept)


def check_end(interpreter):
    """A process that ends while --exact counts: what was counted is reported at once."""
    with started(interpreter) as target:
        child = launch.start_pyleak(["-p", str(target.pid), "--exact", "-q", "-d", "10m", "--top",
                                     "1", "--format", "json"])
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end:
            leak(target, SMALL_COUNT // 100)
        target.stop()
        try:
            stdout, stderr = child.communicate(timeout=60)
        except subprocess.TimeoutExpired as late:
            child.kill()
            raise Failed("it goes on") from late
    # On a busy machine the process may have ended before the first probe.
    expect(child.returncode in (0, 4), "exit %s: %s", child.returncode, stderr[-300:])
    if child.returncode == 0:
        functions = [each["allocated_at"]["function"] for each in json.loads(stdout)["allocations"]
                     if each["allocated_at"]]
        expect("churn" in functions, "only %s", functions)


def check_inlined(interpreter):
    """--exact on a build that inlines its allocator: says how little it saw, and what it does."""
    report = exact(interpreter)
    expect(coverage_of(report) < 95, "coverage %s", coverage_of(report))
    expect("estimated by the stacks" in " ".join(report["warnings"]), "%s", report["warnings"])
