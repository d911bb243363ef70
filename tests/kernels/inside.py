# SPDX-License-Identifier: Apache-2.0
"""usage: inside.py [PYTHON VERSION]

Runs in a machine that tests/kernels/run-on boots: the object loads, a watch names the writers, the
main job finds a leak, its holder and its line, and --exact counts allocations by every way to attach
that the kernel has: what PYTHON allocates, which calls its allocator through the table, and what
Debian's own asks malloc for. Every collection is seen. Prints the kernel's release, then what went
wrong."""

import functools
import json
import os
import platform
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, folder) for folder in ("e2e", "probe", "account", "gc")]

import accounts  # noqa: E402 (these are found by the line above)
import checks  # noqa: E402
import judge  # noqa: E402
import launch  # noqa: E402
import truth  # noqa: E402

# Emulation is slow, the more so where others use the machine.
launch.READY_SECONDS = 60
accounts.COUNT = 200

PYTHON = launch.Interpreter("here", "/usr/bin/python3", "/", platform.python_version(), "system")
LEAKING = os.path.join(launch.TARGETS, "leak_set.py")
LOOK = ["--format", "json", "-d", "15s"]
EXACT = ["--exact", "--format", "json", "-q", "-d", "5s"]


def check_watch():
    with launch.Target(PYTHON, checks.TARGET, ["2,3,300"]) as target:
        if not target.wait_ready():
            return "target.py did not start: %s" % target.stop()[1][-300:]
        return checks.check_stacks(target.pid, target.child.stdout.readline().strip())


def check_main_job():
    expected = judge.expectation(LEAKING)
    with launch.Target(PYTHON, LEAKING) as target:
        if not target.wait_ready():
            return "%s did not start: %s" % (LEAKING, target.stop()[1][-300:])
        time.sleep(2)
        outcome = launch.pyleak(["-p", str(target.pid), *LOOK], timeout=120)
    if outcome.exit != 0:
        return "pyleak: exit %s: %s" % (outcome.exit, outcome.stderr[-600:])
    verdict = judge.judge(expected, json.loads(outcome.stdout))
    if not verdict.passed or verdict.line != "right":
        return "pyleak: %s: %s" % (verdict.reason, outcome.stdout[:600])
    return None


def ways_here():
    """The ways to attach (enum attach_way) that this kernel must have; it takes an emulated machine
    minutes to be refused the others. See docs/kernels.md."""
    release = launch.version_key(platform.release())[:2]
    return [way for way, since in enumerate([(0, 0), (6, 6), (6, 13)]) if release >= since]


def check_accounts():
    """The same answers by whatever way to attach the kernel offers, until the program execs."""
    try:
        accounts.check_large(PYTHON)
        if len(sys.argv) > 2:
            python, version = sys.argv[1:]
            exact = launch.Interpreter("packed", python, "/", version, "pyenv")
            check = functools.partial(accounts.check_blocks, then=accounts.expect_stopped)
            accounts.expect(accounts.check_ways(exact, (check,), ways_here()) == ways_here(),
                            "it cannot attach by all of %s", ways_here())
    except accounts.Failed as failure:
        return "accounts: %s" % failure
    return None


def check_exact():
    """The report of --exact names the line that asked malloc for what stays."""
    program = os.path.join(launch.TARGETS, "leak_large_bytes.py")
    with launch.Target(PYTHON, program) as target:
        if not target.wait_ready():
            return "%s did not start: %s" % (program, target.stop()[1][-300:])
        outcome = launch.pyleak(["-p", str(target.pid), *EXACT], timeout=120)
    if outcome.exit != 0:
        return "pyleak --exact: exit %s: %s" % (outcome.exit, outcome.stderr[-600:])
    report = json.loads(outcome.stdout)
    found = {at["function"] for at in (each["allocated_at"] for each in report["candidates"]) if at}
    if "read_body" not in found:
        return "pyleak --exact: not read_body but %s" % sorted(found)
    if any(report["loss"].values()):
        return "pyleak --exact lost something: %s" % report["loss"]
    return None


def check_collections():
    try:
        truth.check_truth(PYTHON)
    except truth.Busy:
        pass  # every collection is right; times mean nothing here
    except truth.Failure as failure:
        return "pyleak gc: %s" % failure
    try:
        truth.check_types(PYTHON)
    except truth.Failure as failure:
        return "pyleak gc --types: %s" % failure
    return None


def main():
    took = []
    failure = None
    for check in (check_watch, check_main_job, check_accounts, check_exact, check_collections):
        began = time.monotonic()
        failure = check()
        took.append("%s %.0f s" % (check.__name__[len("check_"):], time.monotonic() - began))
        if failure:
            break
    print("%s (%s)" % (platform.release(), ", ".join(took)))
    if failure:
        print(failure)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
