# SPDX-License-Identifier: Apache-2.0
"""Five hosts, each with network, process ids, name and mounts of its own, whose agents push to one server in
a sixth: what they find together, and what is lost and said when things break."""

import os
import subprocess
import sys
import time

import backends
from agent import Agent
from common import WORKER, expect, launch, wait_for
from soak import children

HOSTS = 5
FULL, DAMAGED, GONE = 2, 3, 4  # which of them meets what
LEAK = 300000
DISK_KIB = 2048
# Inside: a disk of its own for the history, a name, a service with two workers; ends with the test, which
# holds the other end of its standard input.
HOST = """
mount -t tmpfs -o size={disk}k none {folder} && hostname {name} && ip link set lo up || exit 1
{python} {worker} {leak} 2 >{folder}/ready &
echo up; read end
"""
COMMON_LEAK = ("count by (finding, service, release, function, file) (count by (instance, finding, service, release,"
               " function, file) (last_over_time(pyleak_finding_processes[20s]) > 0))")
SILENT = ("count by (instance) (max_over_time(pyleak_processes[10m]))"
          " unless count by (instance) (last_over_time(pyleak_processes[20s]))")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    expect(done.returncode == 0, "%s: %s", " ".join(command), done.stdout[-300:])


class Place:
    """Namespaces that live as long as a process in them."""

    def __init__(self, script):
        self.parent = subprocess.Popen(["unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc",
                                        "--kill-child", "sh", "-c", script],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        expect(self.parent.stdout.readline() == b"up\n", "the namespaces of a host cannot be made")
        self.pid = children(self.parent.pid)[0]

    def enter(self, *kinds):
        return ["nsenter", "--target", str(self.pid), *kinds]

    def close(self):
        self.parent.kill()  # and its child, with everything in the namespace of processes
        self.parent.wait()


class Hub(backends.Server):
    """A server inside the sixth place; asked from inside."""

    def __init__(self, place, port):
        super().__init__([*place.enter("--net"), "victoria-metrics", "-storageDataPath=FOLDER/data",
                          "-httpListenAddr=:%d" % port, "-search.latencyOffset=0s"], port, "/health")
        self.place = place

    def fetch(self, path):
        code = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
        done = subprocess.run([*self.place.enter("--net"), sys.executable, "-c", code, self.url(path)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.returncode:
            raise OSError("no answer from %s" % path)
        return done.stdout


class Host:
    def __init__(self, number, hub, port):
        self.name = "host-%d" % number
        self.agent = Agent("remote_write = http://10.77.%d.1:%d/api/v1/write\ninterval = 2s" % (number, port),
                           run=False)
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=shop,service.version=1.8.2"
        self.disk = os.path.join(self.agent.folder.name, "disk")
        os.mkdir(self.disk)
        self.place = Place(HOST.format(disk=DISK_KIB, folder=self.disk, name=self.name, worker=WORKER, leak=LEAK,
                                       python=launch.interpreters(["system-*"])[0].python))
        del os.environ["OTEL_RESOURCE_ATTRIBUTES"]
        self.link = "to-%s" % self.name
        run("ip", "link", "add", self.link, "netns", str(hub.pid), "type", "veth", "peer", "name", "eth0", "netns",
            str(self.place.pid))
        for place, link, last in ((hub, self.link, 1), (self.place, "eth0", 2)):
            run(*place.enter("--net"), "ip", "address", "add", "10.77.%d.%d/24" % (number, last), "dev", link)
            run(*place.enter("--net"), "ip", "link", "set", link, "up")
        self.agent.write(extra="[history]\npath = %s/history.db\n" % self.disk)
        self.agent.start(self.place.enter("--net", "--uts", "--pid", "--mount"))

    def path(self, name):
        """A file of its disk as it is seen from here."""
        return "/proc/%d/root%s/%s" % (self.place.pid, self.disk, name)

    def says(self, text):
        return any(text in line for line in self.agent.errors)

    def vanish(self, hub):
        """Nobody says goodbye."""
        for pid in children(self.agent.child.pid):
            os.kill(pid, 9)
        run(*hub.enter("--net"), "ip", "link", "delete", self.link)

    def close(self):
        self.place.close()
        self.agent.__exit__()


def number(server, query):
    """The one value of a query, or None."""
    found = server.query(query)
    return float(found[0]["value"][1]) if len(found) == 1 else None


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 4096)
        except OSError:
            pass


def break_things(hosts, hub, server, down_seconds):
    """All at once; when the server was in the middle of being down."""
    hosts[GONE].vanish(hub)
    fill(hosts[FULL].path("filler"))
    with open(hosts[DAMAGED].path("history.db"), "r+b") as history:
        history.write(b"no database" * 1000)
    server.stop()
    time.sleep(down_seconds)
    middle = time.time() - down_seconds / 2
    server.start()
    return middle


def check_broken(hosts, server, middle):
    alive = [host for host in hosts if host is not hosts[GONE]]
    for host in alive:
        late = 'count_over_time(pyleak_processes{instance="%s"}[8s])' % host.name
        expect(wait_for(60, lambda late=late: server.query(late, middle)),
               "%s lost what it saw while the server was down", host.name)
        lost = 'pyleak_lost_total{instance="%s",what="remote_write"}' % host.name
        expect(number(server, lost) == 0, "%s lost messages", host.name)
    expect(wait_for(60, lambda: number(server, COMMON_LEAK) == HOSTS - 1), "%s", server.query(COMMON_LEAK))
    silent = [each["metric"]["instance"] for each in server.query(SILENT)]
    expect(silent == [hosts[GONE].name], "silent: %s", silent)

    full, damaged = hosts[FULL], hosts[DAMAGED]
    expect(wait_for(120, lambda: full.says("cannot be written")), "a full disk is not said: %s", full.agent.errors[-5:])
    ok = 'pyleak_history_ok{instance="%s"}' % full.name
    expect(wait_for(20, lambda: number(server, ok) == 0), "%s", server.query(ok))
    os.unlink(full.path("filler"))
    expect(wait_for(120, lambda: damaged.says("is damaged")), "damage is not said: %s", damaged.agent.errors[-5:])
    expect(wait_for(120, lambda: full.says("is written again")), "still full: %s", full.agent.errors[-5:])
    expect(wait_for(20, lambda: number(server, ok) == 1), "%s", server.query(ok))
    for host in (full, damaged):
        report = [launch.PYLEAK, "report", "--since", "1h", "--config", host.agent.config]
        expect(wait_for(90, lambda host=host, report=report: "module __main__: SESSIONS" in subprocess.run(
            [*host.place.enter("--mount"), *report], stdout=subprocess.PIPE, text=True).stdout),
            "%s: nothing in its history", host.name)
    expect(all(host.agent.child.poll() is None for host in alive), "an agent ended")


def check_hosts(down_seconds):
    hub = Place("ip link set lo up && echo up; read end")
    hosts = []
    try:
        port = 8428
        with Hub(hub, port) as server:
            hosts.extend(Host(each + 1, hub, port) for each in range(HOSTS))
            began = time.monotonic()
            expect(wait_for(240, lambda: number(server, COMMON_LEAK) == HOSTS), "%s; they said %s",
                   server.query(COMMON_LEAK), [host.agent.errors[-3:] for host in hosts])
            took = time.monotonic() - began
            labels = server.query(COMMON_LEAK)[0]["metric"]
            expect(labels["service"] == "shop" and labels["release"] == "1.8.2" and
                   labels["function"] == "remember", "%s", labels)
            check_broken(hosts, server, break_things(hosts, hub, server, down_seconds))
    finally:
        for host in hosts:
            host.close()
        hub.close()
    return ("one leak on %d hosts after %.0f s; one vanished, one disk full, one history damaged, the server down "
            "for %d s" % (HOSTS, took, down_seconds))
