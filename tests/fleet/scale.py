# SPDX-License-Identifier: Apache-2.0
"""What many hosts cost a back end: messages of one real agent, sent as those of as many hosts."""

import http.client
import os

import backends
from agent import Agent, free_port
from common import Fleet, expect, wait_for

ROUNDS = 4  # the first makes the series


def messages():
    """Remote write messages of a host where four services leak, one after the other."""
    port = free_port()
    sink = backends.Sink(port)
    with Fleet(20) as fleet, Agent("remote_write = http://127.0.0.1:%d/api/v1/write" % port) as agent:
        named = wait_for(120, lambda: {each["service"] for each in agent.findings} >= set(fleet.leaking))
        expect(named, "not all are named: %s", agent.errors[-5:])
        known = len(sink.posts)
        expect(wait_for(90, lambda: len(sink.posts) >= known + 2 + ROUNDS), "no messages")
    sink.close()
    return [(headers, body) for _, headers, body in sink.posts[-ROUNDS:]]


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid):
    with open("/proc/%d/statm" % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def send_as(port, hosts, headers, body):
    """The server takes the label for the one that the message has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    kept = {name: value for name, value in headers.items() if name.startswith(("Content-", "X-"))}
    for host in range(hosts):
        connection.request("POST", "/api/v1/write?extra_label=instance=host-%d" % host, body, kept)
        answer = connection.getresponse()
        answer.read()
        expect(answer.status == 204, "status %d", answer.status)
    connection.close()


def hosts_with_all(server):
    """On how many hosts the findings are: one number where each is on as many."""
    found = server.query("count by (finding, service) (count by (finding, service, instance) "
                         "(last_over_time(pyleak_finding_processes[1h])))")
    return {int(each["value"][1]) for each in found}


def check_scale(hosts):
    port = free_port()
    sent = messages()
    with backends.victoria_metrics(port) as server:
        cpu = []
        for headers, body in sent:
            before = cpu_seconds(server.child.pid)
            send_as(port, hosts, headers, body)
            cpu.append(cpu_seconds(server.child.pid) - before)
        expect(wait_for(60, lambda: hosts_with_all(server) == {hosts}), "hosts by finding: %s", hosts_with_all(server))
        series = int(server.query('count(last_over_time({instance="host-0"}[1h]))')[0]["value"][1])
        return ("%d hosts: %d bytes and %d series each; %.2f ms of CPU for the first message, %.2f ms for others; %.0f "
                "MiB" % (hosts, len(sent[-1][1]), series, 1000 * cpu[0] / hosts,
                         1000 * sum(cpu[1:]) / (ROUNDS - 1) / hosts, memory_mib(server.child.pid)))
