# SPDX-License-Identifier: Apache-2.0
"""What the checks share: how they fail, how they wait, and the services that they watch."""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]

import launch  # noqa: E402 (found by the line above)

WORKER = os.path.join(HERE, "worker.py")
IDLE = os.path.join(launch.TARGETS, "ok_idle.py")
REPOSITORY = launch.REPOSITORY
DEPLOY = os.path.join(REPOSITORY, "deploy")


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def expect(condition, text, *arguments):
    if not condition:
        raise Failed(text % arguments)


def wait_for(seconds, condition):
    """Until @condition() is true; its value then, or at last."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.5)


class Fleet:
    """Services of several versions, as many processes as asked for, some of them leaking."""

    # Bytes a second of each service that leaks: four, and ten of 200 processes.
    LEAKS = [400000, 200000, 100000, 60000, 40000, 30000, 80000, 150000, 300000, 50000]

    def __init__(self, processes):
        self.found = launch.one_per_minor(launch.interpreters())
        self.targets = []
        self.leaking = {}
        self.leaks = self.LEAKS[:max(4, min(10, processes // 20))]
        for index in range(processes):
            self.start(index)

    def start(self, index):
        each = self.found[index % len(self.found)]
        leaks = self.leaks[index] if index < len(self.leaks) else 0
        workers = ["4"] if index == 1 else []
        service = "service-%d" % index
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=%s,service.version=1.%d" % (service,
                                                                                     index)
        target = launch.Target(each, WORKER, [str(leaks)] if each.root != "/" else
                               [str(leaks), *workers])
        del os.environ["OTEL_RESOURCE_ATTRIBUTES"]
        self.targets.append(target)
        if leaks:
            self.leaking[service] = target

    def __enter__(self):
        for target in self.targets:
            expect(target.wait_ready(), "a service did not start")
        return self

    def __exit__(self, *_):
        for target in self.targets:
            if target.pid and not target.in_container:
                subprocess.run(["pkill", "-KILL", "-P", str(target.pid)], check=False)
            target.stop()


def one_leak():
    """A single service that leaks fast."""
    return launch.Target(launch.interpreters(["system-*"])[0], WORKER, ["400000"])
