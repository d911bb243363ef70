# SPDX-License-Identifier: Apache-2.0
"""pyleak ps against what was started, and profiles as pprof reads them."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from common import IDLE, Skipped, expect, launch, wait_for

MANY = 200


def listing():
    outcome = launch.pyleak(["ps", "--format", "json"])
    expect(outcome.exit == 0, "exit %s: %s", outcome.exit, outcome.stderr[-300:])
    found = json.loads(outcome.stdout)
    expect(found["schema"] == "pyleak.ps/1", "schema %s", found["schema"])
    return {row["pid"]: row for row in found["processes"]}, outcome.seconds


def rss_of(pid):
    with open("/proc/%d/statm" % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def check_versions():
    """Every interpreter here, in namespaces of its own or not, and nothing that is no Python."""
    targets = [launch.Target(each, IDLE) for each in launch.interpreters()]
    shell = subprocess.Popen(["sleep", "60"])
    try:
        for target, each in zip(targets, launch.interpreters()):
            expect(target.wait_ready(), "%s did not start", each.name)
        rows, _ = listing()
        expect(shell.pid not in rows, "sleep is listed as Python")
        for target, each in zip(targets, launch.interpreters()):
            row = rows.get(target.pid)
            expect(row, "%s, pid %d, is not listed", each.name, target.pid)
            expect(row["python"] == each.version, "%s is %s, not %s", each.name, row["python"],
                   each.version)
            expect(row["visible"] == "full", "%s: %s", each.name, row["why"])
            expect(row["rss_bytes"] == rss_of(target.pid), "%s: %s bytes, not %d", each.name,
                   row["rss_bytes"], rss_of(target.pid))
            expect(row["threads"] == 1 and row["service"] == "ok_idle", "%s: %s", each.name, row)
        return "%d interpreters" % len(targets)
    finally:
        shell.kill()
        shell.wait()
        for target in targets:
            target.stop()


class Cgroup:
    """A cgroup of that name, in a mount of its own, that processes may be put into."""

    def __init__(self, name):
        self.mount = tempfile.mkdtemp(prefix="pyleak-cgroup-")
        self.path = os.path.join(self.mount, name)

    def __enter__(self):
        subprocess.run(["mount", "-t", "cgroup2", "none", self.mount], check=True)
        os.makedirs(self.path, exist_ok=True)
        return self

    def add(self, pid):
        with open(os.path.join(self.path, "cgroup.procs"), "w") as procs:
            procs.write(str(pid))

    def is_removed(self):
        try:
            os.rmdir(self.path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    def __exit__(self, *_):
        """Once who was in it is gone."""
        while self.path != self.mount:
            expect(wait_for(20, self.is_removed), "%s has processes", self.path)
            self.path = os.path.dirname(self.path)
        subprocess.run(["umount", self.mount], check=True)
        os.rmdir(self.mount)


def check_containers():
    """Container and pod come from the cgroup, service and release from the environment."""
    container = "ab" * 32
    pod = "0f0f0f0f-1111-2222-3333-444444444444"
    os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=shop,service.version=1.8.2"
    target = launch.Target(launch.interpreters(["system-*"])[0], IDLE)
    del os.environ["OTEL_RESOURCE_ATTRIBUTES"]
    with Cgroup("kubepods/pod%s/%s" % (pod, container)) as cgroup, target:
        expect(target.wait_ready(), "the target did not start")
        cgroup.add(target.pid)
        row = listing()[0][target.pid]
        expect(row["container"] == container and row["pod_uid"] == pod, "%s", row)
        expect(row["service"] == "shop" and row["release"] == "1.8.2", "%s", row)
    return "container, pod, service and release"


def check_growth():
    """A process that grows by a known rate shows it; one that does nothing shows none."""
    grow = "import time\nkept = []\nwhile True:\n    kept.append(bytearray(1 << 20))\n    time.sleep(.02)\n"
    children = [subprocess.Popen([sys.executable, "-c", text])
                for text in (grow, "import time; time.sleep(60)")]
    try:
        time.sleep(0.5)
        rows, _ = listing()
        rates = [rows[child.pid]["rss_growth_bytes_per_second"] for child in children]
        expect(rates[0] > 5 << 20, "grows by %s", rates[0])
        expect(rates[1] == 0, "idle, and grows by %s", rates[1])
        return "%.0f MiB/s, of 50 at most" % (rates[0] / (1 << 20))
    finally:
        for child in children:
            child.kill()
            child.wait()


def check_many():
    """All of many processes; the time is printed, and measured elsewhere."""
    code = ("import os, sys, time\n"
            "for _ in range(%d):\n"
            "    if not os.fork(): time.sleep(120); os._exit(0)\n"
            "print(1, flush=True)\ntime.sleep(120)\n" % (MANY - 1))
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                              start_new_session=True)
    try:
        parent.stdout.readline()
        rows, seconds = listing()
        with open("/proc/%d/task/%d/children" % (parent.pid, parent.pid)) as children:
            pids = [int(pid) for pid in children.read().split()] + [parent.pid]
        missing = [pid for pid in pids if pid not in rows]
        expect(len(pids) == MANY and not missing, "%d processes, not listed: %s", len(pids),
               missing[:5])
        return "%d processes in %.2f s" % (MANY, seconds)
    finally:
        os.killpg(parent.pid, 9)
        parent.wait()


def check_pprof():
    """go tool pprof, on a report and on collections."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    if not os.path.exists(go):
        raise Skipped("no go")
    target = launch.Target(launch.interpreters(["system-*"])[0],
                           os.path.join(launch.TARGETS, "leak_nested_dicts.py"))
    with tempfile.TemporaryDirectory() as folder, target:
        expect(target.wait_ready(), "the target did not start")
        for command, kind, wanted in (([], "inuse_space", "handle"), ([], "inuse_objects", "handle"),
                                      (["--exact"], "alloc_space", "encode"), (["gc"], "gc_pause", "Showing nodes")):
            profile = os.path.join(folder, "profile.pb.gz")
            outcome = launch.pyleak(command + ["-p", str(target.pid), "-d", "5s", "-o", profile])
            expect(outcome.exit == 0, "exit %s: %s", outcome.exit, outcome.stderr[-300:])
            text = subprocess.run([go, "tool", "pprof", "-top", "-sample_index=" + kind, profile],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
            expect("Type: " + kind in text and wanted in text, "%s", text[-400:])
    return "inuse_space, inuse_objects, alloc_space, gc_pause"
