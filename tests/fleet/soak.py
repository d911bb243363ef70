# SPDX-License-Identifier: Apache-2.0
"""Processes are born and die every second while the agent watches, and looks at those that leak: what it
has in memory, in descriptors and in the kernel must be the same at the end as at the beginning."""

import os
import random
import re
import statistics
import subprocess
import threading
import time

import backends
from agent import Agent
from common import WORKER, expect, launch, wait_for

FLAT_BYTES = 1 << 20  # the last third of the soak may have as much more than the second tenth
LIVES = (2, 25)  # seconds; a look that finds a slow leak takes 15
LEAK = 2000000  # bytes a second: enough to be looked at before it dies


def held_in_kernel(pid):
    """Programs and maps of the kernel that a process has descriptors of, such as ("prog_id", 7)."""
    found = set()
    try:
        for name in os.listdir("/proc/%d/fdinfo" % pid):
            with open("/proc/%d/fdinfo/%s" % (pid, name)) as lines:
                for line in lines:
                    kind, _, number = line.partition(":")
                    if kind in ("prog_id", "map_id"):
                        found.add((kind, int(number)))
    except OSError:
        pass
    return found


def in_kernel():
    return ({("prog_id", each["id"]) for each in backends.bpftool("prog", "show")} |
            {("map_id", each["id"]) for each in backends.bpftool("map", "show")})


def descriptors(pid):
    """(how many but of processes that are watched, pids of those)"""
    links = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            links.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            pass
    watched = [re.match(r"/proc/(\d+)/statm", link) for link in links]
    return watched.count(None), [int(each.group(1)) for each in watched if each]


def dead_but_watched(pid):
    return [each for each in descriptors(pid)[1] if not os.path.exists("/proc/%d" % each)]


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as found:
            return [int(each) for each in found.read().split()]
    except OSError:
        return []


class Churn(threading.Thread):
    """Starts a process every `pause` seconds, of every version in turn, some leaking, some with children, and
    kills each in the middle of its life."""

    def __init__(self, pause):
        super().__init__(daemon=True)
        self.pause = pause
        self.over = threading.Event()
        self.alive = []
        self.born = 0
        self.found = [each for each in launch.one_per_minor(launch.interpreters()) if each.root == "/"]
        self.chance = random.Random(1)

    def run(self):
        while not self.over.wait(self.pause):
            self.start_one()
            self.kill(time.monotonic())
        self.kill(float("inf"))

    def start_one(self):
        each = self.found[self.born % len(self.found)]
        leaks, workers = self.born % 3 == 0, self.born % 5 == 0
        command = each.command(WORKER, [str(LEAK * leaks)] + ["2"] * workers)
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        self.alive.append((time.monotonic() + self.chance.uniform(*LIVES), child))
        self.born += 1

    def kill(self, now):
        for until, child in [each for each in self.alive if each[0] <= now]:
            os.killpg(child.pid, 9)
            child.wait()
            self.alive.remove((until, child))

    def stop(self):
        self.over.set()
        self.join()


def watch(agent, seconds, churn):
    """Memory as it was every second, and all that looks had in the kernel."""
    rss, ids = [], set()
    own = held_in_kernel(agent.child.pid)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        expect(churn.is_alive(), "no more processes are started")
        rss.append(agent.rss_bytes())
        for child in children(agent.child.pid):
            ids |= held_in_kernel(child) - own
        time.sleep(1)
    return rss, ids


def check_soak(seconds, pause=0.5):
    with Agent(extra="[look]\nhost_percent = 50\nburst = 600\n") as agent:
        expect(wait_for(30, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
        time.sleep(5)
        before = descriptors(agent.child.pid)[0]
        churn = Churn(pause)
        churn.start()
        try:
            rss, ids = watch(agent, seconds, churn)
        finally:
            churn.stop()
        looks = sum(agent.metric('pyleak_looks_total{result="%s"' % each) or 0
                    for each in ("new", "known", "nothing", "failed"))
        expect(wait_for(60, lambda: not children(agent.child.pid)), "a look goes on though all are dead")
        expect(looks and ids, "%s looks, %d objects in the kernel: nothing was tried", looks, len(ids))
        left = wait_for(30, lambda: not ids & in_kernel()) or sorted(ids & in_kernel())
        expect(left is True, "left in the kernel: %s", left)
        expect(wait_for(30, lambda: not dead_but_watched(agent.child.pid)), "dead, and still watched: %s",
               dead_but_watched(agent.child.pid))
        expect(wait_for(30, lambda: descriptors(agent.child.pid)[0] <= before + 2), "%d descriptors, before %d",
               descriptors(agent.child.pid)[0], before)
        early = statistics.median(rss[len(rss) // 10:len(rss) // 5])
        late = statistics.median(rss[-len(rss) // 3:])
        expect(late - early < FLAT_BYTES, "%d bytes resident, early %d", late, early)
        return ("%d processes in %d s, %d looks with %d objects in the kernel: none left, %d descriptors, as at "
                "first, beside those of who lives, %.1f MiB, early %.1f" % (
                    churn.born, seconds, looks, len(ids), descriptors(agent.child.pid)[0], late / (1 << 20),
                    early / (1 << 20)))
