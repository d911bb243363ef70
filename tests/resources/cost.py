# SPDX-License-Identifier: Apache-2.0
"""What watching resources costs: nothing while nothing grows, and no more than its budget."""

import glob
import json
import os
import shutil
import subprocess
import time

import launch
from rightness import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
OPENS = os.path.join(HERE, "opens.py")
PAIRS_A_SECOND = 50000
BUSY_SECONDS = 6
BUDGET_PERCENT = 1.0  # of one processor, the default
NOISE_PERCENT = 5.0   # of one processor, of a machine that does other things too
QUIET_SECONDS = 5
CAUGHT_SECONDS = 30


def bpftool():
    found = shutil.which("bpftool") or next(iter(glob.glob("/usr/lib/linux-tools*/*/bpftool")), None)
    if not found:
        raise Failure("no bpftool")
    return found


def watched_calls(pid):
    """Tracepoints of system calls to which that process has attached programs."""
    listed = subprocess.run([bpftool(), "--json", "perf", "show"], stdout=subprocess.PIPE,
                            check=True, text=True)
    return sorted(each["tracepoint"] for each in json.loads(listed.stdout or "[]")
                  if each["pid"] == pid and each.get("tracepoint", "").startswith("sys_"))


def nothing_is_attached(target):
    """The main job on a program whose descriptors do not grow."""
    child = launch.start_pyleak(["-p", str(target.pid), "-d", "%ds" % QUIET_SECONDS])
    looks = 0
    while child.poll() is None:
        found = watched_calls(child.pid)
        if found:
            child.kill()
            raise Failure("attached to %s" % found)
        looks += 1
        time.sleep(0.2)
    _, errors = child.communicate()
    if child.returncode != 0:
        raise Failure("exit %s: %s" % (child.returncode, errors[-300:]))
    return "no system call is watched, %d looks" % looks


def something_is_attached(target):
    """The same on one that leaks files, so that the look above can see what there is."""
    child = launch.start_pyleak(["-p", str(target.pid), "-d", "8s"])
    end = time.monotonic() + CAUGHT_SECONDS
    found = []
    while not found and child.poll() is None and time.monotonic() < end:
        found = watched_calls(child.pid)
        time.sleep(0.1)
    child.communicate()
    if not found:
        raise Failure("no system call was watched, though files grow")
    if watched_calls(child.pid):
        raise Failure("still attached after its end")
    return "%d system calls are watched" % len(found)


def percent_of_one(target, action):
    """Processor time of so many pairs a second, and what the action returns."""
    begin = time.monotonic()
    pairs, cpu, _ = target.numbers()
    result = action()
    later_pairs, later_cpu, _ = target.numbers()
    rate = (later_pairs - pairs) / (time.monotonic() - begin)
    return (later_cpu - cpu) / (later_pairs - pairs) * rate * 100, rate, result


def stays_in_budget(target):
    """Files that are opened and closed very often."""
    look = ["fds", "-p", str(target.pid), "-d", "%ds" % BUSY_SECONDS, "--format", "json"]
    plain, _, _ = percent_of_one(target, lambda: time.sleep(BUSY_SECONDS))
    seen, rate, outcome = percent_of_one(target, lambda: launch.pyleak(look))
    if outcome.exit != 0:
        raise Failure("exit %s: %s" % (outcome.exit, outcome.stderr[-300:]))
    said = json.loads(outcome.stdout)["cost"]["target_cpu_percent"]
    text = "%+.1f %% of one processor at %.0f pairs/s, said %.2f %%" % (seen - plain, rate, said)
    if said > BUDGET_PERCENT * 1.5 or seen - plain > BUDGET_PERCENT + NOISE_PERCENT:
        raise Failure(text)
    return text


CHECKS = [("idle", nothing_is_attached, "ok_files"), ("growing", something_is_attached, "leak_open"),
          ("busy", stays_in_budget, None)]


def run_checks(interpreter, folder):
    """One after another, on a machine that does nothing else: (name, passed, text) of each."""
    shutil.copy(OPENS, folder)
    for name, check, program in CHECKS:
        path, arguments = ("target.py", [program]) if program else (
            "opens.py", [str(PAIRS_A_SECOND)])
        try:
            with launch.Target(interpreter, os.path.join(folder, path), arguments) as target:
                if not target.wait_ready():
                    raise Failure("did not start")
                time.sleep(1.0)
                yield name, True, check(target)
        except (Failure, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            yield name, False, str(error)
