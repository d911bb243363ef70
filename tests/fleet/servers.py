# SPDX-License-Identifier: Apache-2.0
"""The agent and real servers."""

import base64
import json
import os
import subprocess
import time

import backends
from agent import Agent, free_port
from common import DEPLOY, expect, one_leak, wait_for

GROWTH = "pyleak_finding_growth_bytes_per_second"


def check_backends():
    """Prometheus scrapes, Prometheus and VictoriaMetrics take remote write, OTLP and profiles are sent;
    a server that is down for a while loses nothing that fits the queue."""
    ports = [free_port() for _ in range(4)]
    push = ("remote_write = http://127.0.0.1:%d/api/v1/write\n"
            "otlp = http://127.0.0.1:%d/v1/metrics\n"
            "profiles = http://127.0.0.1:%d/ingest\n"
            "parca = http://127.0.0.1:%d/api/profiles/writeraw" % (ports[1], ports[2], ports[2], ports[2]))
    sink = backends.Sink(ports[2])
    with one_leak() as target, Agent(push) as agent:
        expect(target.wait_ready(), "the service did not start")
        with backends.prometheus(ports[0], agent.port) as prometheus, \
                backends.victoria_metrics(ports[1]) as victoria:
            for server in (prometheus, victoria):
                found = wait_for(90, lambda server=server: server.query(GROWTH))
                expect(found, "%s has no finding; agent: %s", server.command[0], agent.errors[-5:])
                labels = found[0]["metric"]
                expect(labels["function"] == "remember" and labels["file"] == "fleet/worker.py" and
                       labels["holder"] == "module __main__: SESSIONS", "%s", labels)
            expect(victoria.query("pyleak_processes")[0]["metric"]["job"] == "pyleak", "no job")
            check = subprocess.run(["promtool", "check", "metrics"], input=agent.metrics_text(),
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            expect(check.returncode == 0 and not check.stdout, "promtool: %s", check.stdout)
            otlp = wait_for(10, lambda: [post for post in sink.posts if post[0] == "/v1/metrics"])
            names = {metric["name"] for metric in json.loads(otlp[-1][2])["resourceMetrics"][0][
                "scopeMetrics"][0]["metrics"]}
            expect(GROWTH in names, "OTLP: %s", names)
            expect(any(post[0].startswith("/ingest?name=worker%7B") and
                       post[2][:2] == b"\x1f\x8b" for post in sink.posts), "no profile was pushed")
            check_parca_request(sink.posts)
            with open(os.path.join(DEPLOY, "grafana.json")) as dashboard:
                for panel in json.load(dashboard)["panels"]:
                    for target_ in panel["targets"]:
                        prometheus.query(target_["expr"].replace("$service", ".*"))
            victoria.stop()
            time.sleep(12)
            expect(agent.metric("pyleak_processes ") >= 1, "the agent waits for a dead server")
            down = time.time() - 6
            victoria.start()
            late = wait_for(60, lambda: victoria.query("count_over_time(pyleak_processes[8s])", down))
            expect(late, "what was measured while the server was down did not come")
            expect(agent.metric('pyleak_lost_total{what="remote_write"}') == 0, "messages were lost")
    sink.close()
    return "scrape, remote write, OTLP, profiles, promtool check metrics"


def check_parca_request(posts):
    """What Parca's WriteRaw is asked for, around the same profile that the other server was sent."""
    sent = {path.partition("?")[0]: (headers, body) for path, headers, body in posts}
    headers, body = sent["/api/profiles/writeraw"]
    expect(headers["Content-Type"] == "application/json", "%s", headers)
    request = json.loads(body)
    series = request["series"][0]
    labels = {each["name"]: each["value"] for each in series["labels"]["labels"]}
    expect(labels == {"__name__": "memory", "service": "worker", "host": os.uname().nodename}, "%s", labels)
    expect(base64.b64decode(series["samples"][0]["rawProfile"], validate=True) == sent["/ingest"][1],
           "not the same profile")


KINDS = ["memory:inuse_objects:count:space:bytes", "memory:inuse_space:bytes:space:bytes"]


def stacks(server, kind, selector):
    """Functions in the flame graph of all profiles of the last ten minutes."""
    now = int(time.time() * 1000)
    answer = server.ask("SelectMergeStacktraces", {"profileTypeID": kind, "labelSelector": selector,
                                                   "start": now - 600000, "end": now + 60000})
    return [name for name in answer["flamegraph"]["names"] if name != "total"]


def release_worker():
    """A leak of a service with a release that tries to end its label."""
    os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=shop,service.version=1.8.2}"
    try:
        return one_leak()
    finally:
        del os.environ["OTEL_RESOURCE_ATTRIBUTES"]


def check_parca():
    """A real Parca answers for the leak by service, release and host, with the function that leaks."""
    port = free_port()
    with release_worker() as target, backends.parca(port) as server, \
            Agent("parca = http://127.0.0.1:%d/api/profiles/writeraw" % port) as agent:
        expect(target.wait_ready(), "the service did not start")
        selector = '{service="shop",release="1.8.2}",host="%s"}' % os.uname().nodename
        expect(wait_for(120, lambda: agent.findings), "no finding: %s", agent.errors[-5:])
        for kind in KINDS:
            found = wait_for(30, lambda kind=kind: b"remember" in server.profile(kind + ":delta", selector))
            expect(found, "%s: not there; agent: %s", kind, agent.errors[-5:])
        expect(agent.metric('pyleak_lost_total{what="parca"}') == 0, "profiles were lost")
    return "remember in " + ", ".join(kind.split(":")[1] for kind in KINDS)


def check_pyroscope():
    """A real Pyroscope answers for the leak by service, release and host, with the function that leaks; what is
    data of the target does not become a label."""
    port = free_port()
    with release_worker() as target, backends.pyroscope(port, free_port()) as server, \
            Agent("profiles = http://127.0.0.1:%d/ingest" % port) as agent:
        expect(target.wait_ready(), "the service did not start")
        selector = '{service_name="shop",release="1.8.2_",host="%s"}' % os.uname().nodename
        for kind in KINDS:
            found = wait_for(120, lambda kind=kind: stacks(server, kind, selector))
            expect(found and "remember" in found, "%s: %s; agent: %s", kind, found, agent.errors[-5:])
        expect(agent.metric('pyleak_lost_total{what="profiles"}') == 0, "profiles were lost")
    return "remember in " + ", ".join(kind.split(":")[1] for kind in KINDS)
