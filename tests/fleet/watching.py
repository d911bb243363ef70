# SPDX-License-Identifier: Apache-2.0
"""The agent by itself: whom it names, whom it meets, what it keeps, what it may do and what it takes."""

import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

import backends
from agent import Agent, free_port
from common import DEPLOY, IDLE, Fleet, Skipped, expect, launch, one_leak, wait_for
from machine import Cgroup
from soak import children, descriptors


CONTAINER = "cd" * 32


def of_fleet(agent):
    return [each for each in agent.findings if each["service"].startswith("service-")]


def check_agent(processes):
    """The agent names each service that leaks once, by its line, the one in a container with that, and no other."""
    with Cgroup("docker/" + CONTAINER) as cgroup, Fleet(processes) as fleet:
        cgroup.add(fleet.leaking["service-0"].pid)
        return watch_fleet(fleet)


def watch_fleet(fleet):
    with Agent() as agent:
        began = time.monotonic()
        wait_for(300, lambda: {each["service"] for each in of_fleet(agent)} >= set(fleet.leaking))
        named = {each["service"] for each in of_fleet(agent)}
        took = time.monotonic() - began
        expect(named == set(fleet.leaking), "named %s, leaking %s; it said %s", sorted(named),
               sorted(fleet.leaking), agent.errors[-10:])
        for each in of_fleet(agent):
            expect(each["function"] == "remember" and each["file"].endswith("worker.py"), "%s", each)
            expect(each["holder"] == "module __main__: SESSIONS", "%s", each["holder"])
            expect("example.com" not in json.dumps(each), "a key left the target: %s", each)
            expect(each["container"] == (CONTAINER if each["service"] == "service-0" else None), "%s", each)
            expect(each["release"] == "1." + each["service"].split("-")[1], "%s", each["release"])
        new = [each["id"] + each["service"] for each in of_fleet(agent) if each["new"]]
        expect(len(new) == len(set(new)), "told twice: %s", new)
        ids = {(each["file"], each["id"]) for each in of_fleet(agent)}  # folder and name count
        expect(len(ids) == len({file for file, _ in ids}), "the same leak has ids %s", ids)
        workers = agent.metric('pyleak_finding_processes{finding="%s",verdict="leak",'
                               'service="service-1"' % of_fleet(agent)[0]["id"])
        expect(workers and workers >= 4, "%s workers of 5 grow", workers)
        profiles = [name for name in os.listdir(agent.folder.name) if name.endswith(".pb.gz")]
        expect(len(profiles) >= len(fleet.leaking), "profiles %s", profiles)
        expect(agent.rss_bytes() < 64 << 20, "%d bytes resident", agent.rss_bytes())
        return "%d processes, %d leaking services named once each in %.0f s, %.1f MiB" % (
            len(fleet.targets), len(fleet.leaking), took, agent.rss_bytes() / (1 << 20))


OPENS = """
import os, time
def connect():
    os.open("/dev/null", os.O_RDONLY)
print("READY", flush=True)
while True:
    connect()
    time.sleep(0.2)
"""


def check_descriptors():
    """A service whose memory stays and whose descriptors grow is looked at as well, and named by the line; metrics and
    messages know no bytes of it."""
    if not os.stat("/proc/self/fd").st_size:
        raise Skipped("no count of descriptors: Linux before 6.2")
    os.environ["OTEL_SERVICE_NAME"] = "opener"
    port = free_port()
    sink = backends.Sink(port)
    with tempfile.TemporaryDirectory() as folder, Agent("otlp = http://127.0.0.1:%d/v1/metrics" % port) as agent:
        path = os.path.join(folder, "opener.py")
        with open(path, "w") as program:
            program.write(OPENS)
        with launch.Target(launch.interpreters(["system-*"])[0], path) as target:
            del os.environ["OTEL_SERVICE_NAME"]
            expect(target.wait_ready(), "the service did not start")
            expect(wait_for(120, lambda: any(each["service"] == "opener" for each in agent.findings)),
                   "no finding: %s", agent.errors[-5:])
            found = [each for each in agent.findings if each["service"] == "opener"][0]
            expect(found["verdict"] == "resource" and found["function"] == "connect" and
                   found["growth_bytes_per_second"] is None, "%s", found)
            name = 'pyleak_finding_processes{finding="%s"' % found["id"]
            expect(wait_for(20, lambda: agent.metric(name)), "not in the metrics")
            expect(agent.metric('pyleak_finding_growth_bytes_per_second{finding="%s"' % found["id"]) is None,
                   "bytes of descriptors")
            expect(wait_for(20, lambda: any(found["id"].encode() in post[2] for post in sink.posts)), "no OTLP")
    sink.close()
    return "named by %s:%d" % (os.path.basename(found["file"]), found["line"])


def check_born_and_dying():
    """Processes come and go: no descriptor and no entry stays."""
    with Agent() as agent:
        expect(wait_for(20, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
        before = agent.descriptors(), agent.metric("pyleak_processes ")
        for _ in range(8):
            children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
                        for _ in range(5)]
            time.sleep(2)
            for child in children:
                child.kill()
                child.wait()
        expect(wait_for(20, lambda: agent.metric("pyleak_processes ") <= before[1]),
               "%s processes, before %s", agent.metric("pyleak_processes "), before[1])
        expect(agent.descriptors() <= before[0] + 2, "%d descriptors, before %d",
               agent.descriptors(), before[0])
    return "40 processes"


def watched(agent):
    return set(descriptors(agent.child.pid)[1])


def lifecycle_programs():
    return backends.bpf_programs("lifecycle_tell")


def check_events():
    """Who is born between two scans is met at once, children too; who ends, or becomes another program, is
    let go at once, and its look with it; nothing of the agent stays in the kernel."""
    before = lifecycle_programs()
    with Agent(pace="interval = 5s\nscan = 600s") as agent:
        expect(wait_for(20, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
        if not wait_for(5, lambda: any("the kernel tells" in line for line in agent.errors)):
            raise Skipped("no events of processes: %s" % agent.errors[:1])
        code = "import os, time\nos.fork()\nprint(1, flush=True)\ntime.sleep(120)\n"
        began = time.monotonic()
        family = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        try:
            family.stdout.readline()
            pids = {family.pid, *children(family.pid)}
            expect(len(pids) == 2 and wait_for(30, lambda: pids <= watched(agent)), "%s are not met: %s", pids,
                   watched(agent))
            born = time.monotonic() - began
        finally:
            os.killpg(family.pid, 9)
            family.wait()
        began = time.monotonic()
        expect(wait_for(4, lambda: not pids & watched(agent)), "still there: %s", pids & watched(agent))
        ended = time.monotonic() - began
        other = subprocess.Popen([sys.executable, "-c", "import os, sys, time\nsys.stdin.readline()\n"
                                  "os.execvp('sleep', ['sleep', '60'])"], stdin=subprocess.PIPE)
        try:
            expect(wait_for(30, lambda: other.pid in watched(agent)), "not met")
            other.communicate(b"\n", timeout=0.1)
        except subprocess.TimeoutExpired:
            expect(wait_for(20, lambda: other.pid not in watched(agent)), "sleep is watched")
        finally:
            other.kill()
            other.wait()
    expect(wait_for(10, lambda: lifecycle_programs() == before), "programs stay in the kernel")
    return "two met after %.1f s, gone after %.1f s" % (born, ended)


def check_history():
    """Findings, since when it grows, and pauses of collections; killed at any moment, opened again; damaged, set
    aside and said."""
    with one_leak() as target, Agent(extra="[look]\ncollections = yes\n") as agent:
        expect(target.wait_ready(), "the service did not start")
        expect(wait_for(90, lambda: agent.findings), "no finding: %s", agent.errors[-5:])
        expect(wait_for(10, lambda: agent.metric('pyleak_looks_total{result="new"}')), "no look ended")
        agent.child.kill()
        agent.child.wait()
        report = launch.pyleak(["report", "--since", "1h", "--config", agent.config, "--format", "json"])
        expect(report.exit == 0, "%s", report.stderr)
        told = json.loads(report.stdout)
        found = told["findings"]
        expect(len(found) == 1 and found[0]["site"]["function"] == "remember" and
               found[0]["held_by"] == "module __main__: SESSIONS", "%s", found)
        expect(len(told["collections"]) == 1 and told["collections"][0]["service"] == "worker" and
               told["collections"][0]["longest_at"]["function"] == "serve", "%s", told["collections"])
        for by in ("service", "release", "site"):
            report = launch.pyleak(["report", "--since", "1h", "--config", agent.config, "--by", by, "--service",
                                    "worker", "--site", "in remember", "--format", "json"])
            groups = json.loads(report.stdout)["groups"]
            expect(len(groups) == 1 and groups[0]["site"]["function"] == "remember" and
                   groups[0]["first_in"]["service"] == "worker", "by %s: %s", by, groups)
        other = launch.pyleak(["report", "--since", "1h", "--config", agent.config, "--service", "other"])
        expect(other.exit == 0 and "0 findings" in other.stdout, "%s", other)
        path = os.path.join(agent.folder.name, "history.db")
        for name in os.listdir(agent.folder.name):
            if name.startswith("history.db"):
                os.truncate(os.path.join(agent.folder.name, name), 0)
        with open(path, "wb") as damaged:
            damaged.write(b"no database" * 1000)
        again = launch.start_pyleak(["agent", "--config", agent.config])
        wait_for(20, lambda: any("damaged" in name for name in os.listdir(agent.folder.name)))
        again.terminate()
        _, errors = again.communicate(timeout=20)
        expect("is damaged" in errors, "not said: %s", errors)
        kept = [name for name in os.listdir(agent.folder.name) if ".damaged-" in name]
        kept = [name for name in kept if not name.endswith(("-wal", "-shm"))]
        expect(kept and os.path.getsize(os.path.join(agent.folder.name, kept[0])) == 11000, "%s", kept)
        empty = launch.pyleak(["report", "--since", "1h", "--config", agent.config])
        expect(empty.exit == 0 and "0 findings" in empty.stdout, "%s", empty)
    return "after kill -9, and damaged"


def check_reload():
    """SIGHUP: a wrong configuration changes nothing and is said; a right one is taken."""
    with Agent() as agent:
        expect(wait_for(20, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
        agent.write(extra="[watch]\ninterval = never\n")
        agent.signal()
        expect(wait_for(10, lambda: any("interval = never" in line for line in agent.errors)),
               "not said: %s", agent.errors)
        expect(agent.metric("pyleak_processes ") is not None, "it stopped serving")
        old, agent.port = agent.port, free_port()
        agent.write()
        agent.signal()
        expect(wait_for(10, lambda: agent.metric("pyleak_processes ") is not None), "not on the new port")
        agent.port = old
        expect(agent.metric("pyleak_processes ") is None, "still on the old port")
    return "wrong and right"


def make_certificate(folder):
    """A key, a certificate that vouches for itself, and a token."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    folder + "/key.pem", "-out", folder + "/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    with open(folder + "/token", "w") as token:
        token.write("secret\n")


def check_push_security():
    """Messages go over TLS with a token to a server that the configured authority vouches for, and to no other."""
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        port = free_port()
        sink = backends.Sink(port, context)
        push = "remote_write = https://127.0.0.1:%d/write\ntoken_file = %s/token\ninterval = 1s" % (port, folder)
        with Agent(push) as stranger:
            expect(wait_for(20, lambda: stranger.metric("pyleak_processes ") is not None), "no metrics")
            time.sleep(4)
            expect(not sink.posts, "sent to a server that nobody vouches for")
        with Agent(push + "\nca_file = %s/cert.pem" % folder):
            expect(wait_for(30, lambda: sink.posts), "nothing was sent")
            expect(sink.posts[0][1].get("Authorization") == "Bearer secret", "%s", sink.posts[0][1])
        sink.close()
    return "TLS, authority, token"


def check_security():
    """Five capabilities and a seccomp filter are left; localhost only; TLS and a token when told."""
    with Agent() as agent:
        expect(wait_for(20, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
        with open("/proc/%d/status" % agent.child.pid) as status:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
        kept = {bit for bit in range(64) if int(fields["CapPrm"], 16) >> bit & 1}
        expect(kept == {2, 19, 38, 39, 40}, "capabilities %s", sorted(kept))
        expect(any("capabilities kept: " in line for line in agent.errors), "not shown: %s", agent.errors)
        expect(fields["CapEff"] == fields["CapPrm"] and not int(fields["CapBnd"], 16), "%s", fields)
        expect(fields["Seccomp"] == "2" and fields["NoNewPrivs"] == "1", "no filter")
        expect(backends.listening(agent.child.pid) == ["0100007F"], "listens on %s",
               backends.listening(agent.child.pid))
        folder = agent.folder.name
        make_certificate(folder)
        agent.write(extra="[serve]\ntoken_file = %s/token\ncertificate = %s/cert.pem\n"
                          "key = %s/key.pem\n" % (folder, folder, folder))
        agent.signal()
        context = ssl.create_default_context(cafile=folder + "/cert.pem")
        context.check_hostname = False
        url = "https://127.0.0.1:%d/" % agent.port
        expect(wait_for(10, lambda: backends.status_of(url + "healthz", context) == 200), "no TLS")
        expect(backends.status_of(url + "metrics", context) == 401, "no token was asked for")
        expect(backends.status_of(url + "metrics", context, "wrong!") == 401, "a wrong token is taken")
        expect(backends.status_of(url + "metrics", context, "secret") == 200, "the token is not taken")
    return "capabilities, seccomp, localhost, TLS, token"


def check_rules():
    """The alert rules that are shipped, and their tests."""
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=DEPLOY, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        expect(done.returncode == 0, "promtool %s: %s", " ".join(command), done.stdout[-600:])
    return "6 rules"


LIFE = {"sched_process_exec", "task_newtask", "sched_process_exit"}


def check_cost(processes):
    """What the agent takes while nothing grows; printed, and measured on an idle machine elsewhere. Nothing is attached
    that processes could notice but when they begin and end."""
    found = launch.one_per_minor(launch.interpreters())
    targets = [launch.Target(found[index % len(found)], IDLE) for index in range(processes)]
    try:
        for target in targets:
            expect(target.wait_ready(), "a process did not start")
        with Agent(pace="interval = 5s\nscan = 15s") as agent:
            expect(wait_for(30, lambda: (agent.metric("pyleak_processes ") or 0) >= len(targets)),
                   "%s processes", agent.metric("pyleak_processes "))
            attached = {each.get("tracepoint") for each in backends.bpftool("perf", "show")
                        if each["pid"] == agent.child.pid}
            expect(attached <= LIFE, "attached to %s", attached)
            before, began = agent.cpu_ns(), time.monotonic()
            time.sleep(30)
            share = (agent.cpu_ns() - before) / 1e9 / (time.monotonic() - began)
            expect(agent.rss_bytes() < 64 << 20, "%d bytes resident", agent.rss_bytes())
            return "%d processes: %.3f %% of a core, %.1f MiB" % (
                len(targets), 100 * share, agent.rss_bytes() / (1 << 20))
    finally:
        for target in targets:
            target.stop()


BUSY = """
import json, sys, time
kept, text = [], json.dumps({str(each): [each] * 20 for each in range(50)})
leaks = int(sys.argv[1])
print("READY", flush=True)
end, done = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    item = json.loads(text)
    done += 1
    if leaks and done % 50 == 0:
        kept.append(item)
print(done, time.process_time(), flush=True)
"""


def work_per_second(leaks, seconds):
    """Its pid, and rounds of work for each second of its own CPU time: what it is slowed down by shows here."""
    child = subprocess.Popen([sys.executable, "-c", BUSY, str(leaks), str(seconds)], stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    done, cpu = child.stdout.readline().split()
    child.wait()
    return child.pid, int(done) / float(cpu)


def check_targets(rounds, seconds=25):
    """What it takes in the processes that it watches, and in one that it looks at: their work for each second of
    CPU with an agent and without, in turn. On a machine with other work this says little, so it only bounds
    what nobody could miss; docs/fleet.md has what an idle machine measures."""
    shares = {}
    for leaks in (0, 1):
        pairs = []
        for _ in range(rounds):
            _, without = work_per_second(leaks, seconds)
            with Agent() as agent:
                expect(wait_for(20, lambda: agent.metric("pyleak_processes ") is not None), "no metrics")
                pid, beside = work_per_second(leaks, seconds)
                pairs.append(beside / without)
                looks = sum("looking at pid %d " % pid in line for line in agent.errors)
            expect(bool(looks) == bool(leaks), "%s looks at one that %s", looks, "leaks" if leaks else "does not")
        shares[leaks] = 100 * (1 - statistics.median(pairs))
        expect(shares[leaks] < 15, "%.1f %%", shares[leaks])
    return "%.2f %% of a busy process that is watched, %.2f %% of one that is looked at" % (shares[0], shares[1])
