# SPDX-License-Identifier: Apache-2.0
"""`pyleak gc` against what gc.callbacks is told inside the target. Each check_*() takes an
interpreter, raises Failure, or returns what to say. For tests/gc/run and tests/kernels."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import time

import launch

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(launch.REPOSITORY, "build", "gc")
PROGRAMS = ("target.py", "interpreters.py", "garbage.py", "service.py")
WITHIN_NS = 6000
WITHIN_SHARE = 0.01
AGREE = 0.95  # of the pauses, less what lies between the two clocks
AGREE_BUSY = 0.6  # the same, where the machine has no idle moment
MEDIAN_NS = 15000  # of the differences, as measured
APART_NS = 500e6  # of the starts: other clocks, and emulated machines
OFF_NS = 3000  # off the CPU that long outside of the collector: the two measure different things
EXPLICIT = 11  # calls of gc.collect() in target.py that collect
WAIT_SECONDS = 20
ATTACHED = 5  # inside of a collection
SHARES = {"Node": 3 / 6, "Leaf": 1 / 6, "list": 2 / 6}  # of garbage.py


class Failure(Exception):
    pass


class Busy(Failure):
    """The times do not agree, which a busy machine may do too: tried again. @line: what to say where
    they agree as well as on a busy machine, else None."""

    def __init__(self, text, line):
        super().__init__(text)
        self.line = line


def expect(condition, text, *values):
    if not condition:
        raise Failure(text % values)


def build():
    """stamp.so, and the programs beside it: a container sees one folder."""
    os.makedirs(BUILD, exist_ok=True)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", os.path.join(BUILD, "stamp.so"),
                    os.path.join(HERE, "stamp.c")], check=True)
    for name in PROGRAMS:
        shutil.copy(os.path.join(HERE, name), BUILD)


def start(target, arguments=()):
    """pyleak gc on @target, once it watches."""
    child = launch.start_pyleak(["gc", "-p", str(target.pid), "-d", "60s", "-v", "--format",
                                 "json", *arguments])
    said = ""
    for line in child.stderr:
        if "watching collections" in line:
            return child
        said += line
    raise Failure("pyleak did not attach: exit %s: %s" % (child.wait(), said[-600:]))


def finish(child):
    """Its report, its exit status, and what it said."""
    try:
        stdout, stderr = child.communicate(timeout=WAIT_SECONDS)
    finally:
        child.kill()
    return json.loads(stdout) if stdout else None, child.returncode, stderr.strip()


def watch(target, commands):
    """pyleak gc on @target while it does @commands: (JSON, the target's answers)."""
    child = start(target)
    answers = []
    for command in commands:
        target.tell(command)
        answers.append(target.child.stdout.readline())
    time.sleep(0.05)
    if target.alive():
        child.send_signal(signal.SIGINT)
    report, status, said = finish(child)
    expect(status == 0, "exit %s: %s", status, said[-300:])
    return report, answers


def program(name):
    return os.path.join(BUILD, name)


class Pauses:
    """How a run's pauses differ from the truth. Between its clock and ours lie, to 3.12, our programs
    and the traps they run in; from 3.13 on the first callback's call. Both are much the same each
    time: the median of the differences."""

    def __init__(self):
        self.each = []  # truth, ours

    def median(self):
        return statistics.median(truth - mine for truth, mine in self.each)

    def agree(self, less=0):
        """How many agree, less what lies between."""
        return sum(abs(truth - mine - less) <= max(WITHIN_NS, WITHIN_SHARE * truth)
                   for truth, mine in self.each)

    def __len__(self):
        return len(self.each)


def check_equal(report, truth, pauses):
    """Every collection, its generation and what it found; the pauses into @pauses."""
    wall = truth["wall"]
    mine = sorted(report["collections"], key=lambda each: each["started_ns"])[1:]
    expect(len(mine) == len(truth["events"]), "%d collections reported, %d were",
           len(mine), len(truth["events"]))
    for one, event in zip(mine, truth["events"]):
        begin, pause, off, generation, collected, uncollectable = event
        expect(one["generation"] == generation, "generation %s, was %s", one["generation"],
               generation)
        expect((one["collected"], one["uncollectable"]) == (collected, uncollectable),
               "generation %d found %s, %s; was %d, %d", generation, one["collected"],
               one["uncollectable"], collected, uncollectable)
        expect(abs(one["started_ns"] - wall - begin) < APART_NS, "started %d ns apart",
               one["started_ns"] - wall - begin)
        expect(one["trigger"] and os.path.basename(one["trigger"]["file"]) == "target.py",
               "tripped by %s", one["trigger"])
        expect(one["interpreter"] in (0, None), "interpreter %s", one["interpreter"])
        if off - one["off_cpu_ns"] < OFF_NS:
            pauses.each.append((pause, one["pause_ns"]))
    for generation in "012":
        count = sum(1 for each in report["collections"] if each["generation"] == int(generation))
        expect(report["summary"][generation]["count"] == count, "summary of generation %s: %d",
               generation, report["summary"][generation]["count"])


def check_causes(report):
    causes = [each["cause"] for each in report["collections"][1:]]
    expect(causes.count("explicit") == EXPLICIT, "%d explicit collections of %d",
           causes.count("explicit"), EXPLICIT)
    expect(causes.count("automatic") == len(causes) - EXPLICIT, "causes %s", set(causes))
    slept = [each for each in report["collections"] if each["off_cpu_ns"] > 18e6]
    longest = max(report["collections"], key=lambda each: each["pause_ns"])
    threads = {each["thread"] for each in report["collections"]}
    expect(len(threads) == 2, "threads %s", threads)
    if not any(each["pause_ns"] > 20e6 for each in slept):
        raise Busy("no collection slept: %s" % longest, None)  # a late tick, and it moved to another CPU


def check_truth(interpreter):
    """The line of the table."""
    with launch.Target(interpreter, program("target.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        report, answers = watch(target, ["go"])
        truth = json.loads(answers[0])
        pauses = Pauses()
        check_equal(report, truth, pauses)
        check_causes(report)
        expect(report["collector"]["garbage"]["objects"] == truth["garbage"],
               "garbage %s, was %d", report["collector"]["garbage"], truth["garbage"])
        expect(any(each["type"] == "__main__.Cycle"
                   for each in report["collector"]["garbage"]["types"]),
               "garbage is of types %s", report["collector"]["garbage"]["types"])
    events, agree = len(truth["events"]), pauses.agree(pauses.median())
    line = "%d of %d collections; of %d pauses %d within 6 µs or 1 %% as measured, %d less what lies " \
           "between; median difference %+.1f µs; %d off the CPU outside of the collector" % (
               events, events, len(pauses), pauses.agree(), agree, pauses.median() / 1e3,
               events - len(pauses))
    if agree < AGREE * len(pauses) or abs(pauses.median()) > MEDIAN_NS:
        raise Busy(line, line if agree >= AGREE_BUSY * len(pauses) else None)
    return line


def check_exit(interpreter):
    """The target ends inside a collection."""
    with launch.Target(interpreter, program("target.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        report, _ = watch(target, ["exit"])
    expect(report["unfinished"] == 1, "%d unfinished", report["unfinished"])
    expect(any("in the middle of a collection" in each for each in report["warnings"]),
           "no word of it: %s", report["warnings"])
    return "said"


def check_inside(interpreter):
    """The watch begins inside a collection, whose lists are not what they are outside of it."""
    with launch.Target(interpreter, program("target.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        target.tell("busy")
        target.child.stdout.readline()
        for _ in range(ATTACHED):
            done = launch.pyleak(["gc", "-p", str(target.pid), "-d", "500ms", "--format", "json"])
            expect(done.exit == 0, "exit %s: %s", done.exit, done.stderr[-300:])
            expect(json.loads(done.stdout)["collections"], "no collection was seen")
    return "%d times" % ATTACHED


def check_short(interpreter):
    """The target ends before any collection, and after one."""
    with launch.Target(interpreter, program("target.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        child = start(target)
        target.stop()
        report, status, said = finish(child)
    expect(status == 4 and not report, "exit %s of a target that ended: %s", status, said[-300:])
    expect("ended" in said, "said %s", said[-300:])
    with launch.Target(interpreter, program("target.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        child = start(target)
        target.tell("go")
        target.child.stdout.readline()
        target.stop()
        report, status, said = finish(child)
    expect(status == 0 and report["collections"], "exit %s: %s", status, said[-300:])
    expect(any("ended" in each for each in report["warnings"]), "warnings %s", report["warnings"])
    return "exit 4, then a report"


def check_interpreters(interpreter):
    """Each interpreter's collections under its own id, also where they run at the same time."""
    with launch.Target(interpreter, program("interpreters.py")) as target:
        expect(target.wait_ready(), "the target did not start: %s", target.child.stderr)
        report, answers = watch(target, ["go"])
    told = [sorted(map(tuple, each)) for each in json.loads(answers[0])]
    seen = {}
    for each in report["collections"]:
        if each["generation"] == 2 and each["cause"] == "explicit":
            seen.setdefault(each["interpreter"], []).append((2, each["collected"]))
    if interpreter.minor == "3.8":  # one collector for all
        seen, told = {None: sum(seen.values(), [])}, [sum(told, [])]
    for mine in told:
        match = [each for each in seen.values() if set(mine) <= set(each)]
        expect(len(match) == 1, "of collections %s there were %s", mine, seen)
    if interpreter.minor != "3.8":
        expect(len(seen) == 3 and 0 in seen, "interpreters %s", sorted(seen))
    return "%d collections of %d interpreters" % (sum(map(len, told)), 3)


def check_types(interpreter):
    """The types of garbage, and that the truth lies inside of how sure they are said to be."""
    with launch.Target(interpreter, program("garbage.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        done = launch.pyleak(["gc", "-p", str(target.pid), "-d", "4s", "--types", "--budget", "5",
                              "--format", "json"])
    expect(done.exit == 0, "exit %s: %s", done.exit, done.stderr[-300:])
    freed = json.loads(done.stdout)["freed"]
    found = {each["type"].split(".")[-1]: each for each in freed["types"]}
    expect(freed["samples"] >= 10, "%d samples", freed["samples"])
    for name, share in SHARES.items():
        one = found.get(name)
        expect(one, "%s is missing: %s", name, freed)
        # Twice what is printed: of so many tries one in twenty lies outside of it.
        expect(abs(one["share"] - share) < max(2 * one["plus_minus"], 0.02) and
               one["plus_minus"] < 0.1, "%s: %.3f +- %.3f, is %.3f", name, one["share"],
               one["plus_minus"], share)
    return "; ".join("%s %.1f ± %.1f %%" % (name, 100 * found[name]["share"],
                                          100 * found[name]["plus_minus"]) for name in SHARES)


def check_service(interpreter):
    """A service that leaks containers is told that its pauses grow, by how much, and because of what."""
    with launch.Target(interpreter, program("service.py")) as target:
        expect(target.wait_ready(), "the target did not start")
        done = launch.pyleak(["gc", "-p", str(target.pid), "-d", "12s", "--format", "json"])
    expect(done.exit == 0, "exit %s: %s", done.exit, done.stderr[-300:])
    findings = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    growing = findings.get("growing")
    expect(growing, "no pauses that grow: %s", findings)
    expect("longer each minute" in growing["text"], "%s", growing["text"])
    expect("SESSIONS" in growing["advice"] and "service.py" in growing["advice"],
           "because of: %s", growing["advice"])
    return growing["text"]
