# SPDX-License-Identifier: Apache-2.0
"""Runs pyleak agent beside real processes and reads what it says."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.request

from common import launch

CONFIG = """
[watch]
%(pace)s
[look]
again = 30s
[history]
path = %(folder)s/history.db
[serve]
listen = 127.0.0.1:%(port)d
[output]
json = yes
profiles = %(folder)s
[push]
interval = 5s
%(push)s
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Agent:
    """A running agent; its findings are collected as they come."""

    def __init__(self, push="", extra="", pace="interval = 2s\nscan = 3s", run=True):
        self.pace = pace
        self.push = push
        self.folder = tempfile.TemporaryDirectory(prefix="pyleak-agent-")
        self.port = free_port()
        self.config = os.path.join(self.folder.name, "agent.conf")
        self.write(extra)
        self.findings = []
        self.errors = []
        if run:
            self.start()

    def start(self, prefix=()):
        """As itself, or behind a command that runs it elsewhere."""
        self.child = subprocess.Popen([*prefix, launch.PYLEAK, "agent", "--config", self.config, "-v"],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for stream, take in ((self.child.stdout, lambda line: self.findings.append(json.loads(line))),
                             (self.child.stderr, self.errors.append)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line)

    def write(self, extra=""):
        with open(self.config, "w") as out:
            out.write(CONFIG % {"folder": self.folder.name, "port": self.port, "push": self.push,
                                "pace": self.pace} + extra)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.folder.cleanup()

    def signal(self, number=signal.SIGHUP):
        self.child.send_signal(number)

    def metrics_text(self):
        url = "http://127.0.0.1:%d/metrics" % self.port
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def metric(self, start):
        """The value of the first series whose line begins so, or None."""
        try:
            text = self.metrics_text()
        except OSError:
            return None
        for line in text.splitlines():
            if line.startswith(start):
                return float(line.rsplit(" ", 1)[1])
        return None

    def cpu_ns(self):
        with open("/proc/%d/schedstat" % self.child.pid) as times:
            return int(times.read().split()[0])

    def rss_bytes(self):
        with open("/proc/%d/statm" % self.child.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.child.pid))
