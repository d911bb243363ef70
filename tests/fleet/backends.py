# SPDX-License-Identifier: Apache-2.0
"""Real back ends on loopback: what arrives there is asked of them, not of the agent."""

import base64
import glob
import gzip
import http.server
import json
import os
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from agent import free_port
from common import REPOSITORY, Skipped

START_SECONDS = 30


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class Server:
    """A program that serves HTTP; `ready` is a path that answers once it does."""

    def __init__(self, command, port, ready):
        self.folder = tempfile.TemporaryDirectory(prefix="pyleak-server-")
        self.port = port
        self.command = [part.replace("FOLDER", self.folder.name) for part in command]
        self.ready = ready
        self.child = None

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def fetch(self, path):
        return get(self.url(path))

    def start(self):
        with open(os.path.join(self.folder.name, "log"), "w") as log:
            self.child = subprocess.Popen(self.command, stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                self.fetch(self.ready)
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
        raise OSError("%s did not start" % self.command[0])

    def stop(self):
        self.child.kill()
        self.child.wait()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    def query(self, text, when=None):
        """The series of an instant query, in Prometheus' API, which both servers have."""
        answer = self.fetch("/api/v1/query?query=%s%s" % (
            urllib.parse.quote(text), "&time=%.3f" % when if when else ""))
        return json.loads(answer)["data"]["result"]


def prometheus(port, agent_port):
    """Scrapes the agent, and takes remote write."""
    config = tempfile.NamedTemporaryFile("w", suffix=".yml", delete=False)
    with config:
        config.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: scraped\n"
                     "  static_configs: [{targets: ['127.0.0.1:%d']}]\n" % agent_port)
    return Server([shutil.which("prometheus") or "prometheus", "--config.file=" + config.name,
                   "--storage.tsdb.path=FOLDER", "--web.enable-remote-write-receiver",
                   "--web.listen-address=127.0.0.1:%d" % port], port, "/-/ready")


def victoria_metrics(port):
    return Server([shutil.which("victoria-metrics") or "victoria-metrics",
                   "-storageDataPath=FOLDER/data", "-httpListenAddr=127.0.0.1:%d" % port,
                   "-search.latencyOffset=0s"], port, "/health")


class Sink:
    """Keeps what is posted to it; stands for back ends that are too large for a test."""

    def __init__(self, port, context=None):
        sink = self
        self.posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name that http.server calls)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.posts.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def listening(pid):
    """Addresses that a process listens on, as /proc/net/tcp writes them."""
    inodes = set()
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            inodes.add(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            pass
    found = []
    for table in ("tcp", "tcp6"):
        with open("/proc/%d/net/%s" % (pid, table)) as lines:
            for fields in (line.split() for line in list(lines)[1:]):
                if fields[3] == "0A" and "socket:[%s]" % fields[9] in inodes:
                    found.append(fields[1].split(":")[0])
    return found


def status_of(url, context=None, token=None):
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + token} if token else {})
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def bpftool(*arguments):
    """What bpftool answers, as JSON; a wrapper without its program is none."""
    found = [shutil.which("bpftool"), "/usr/sbin/bpftool", *sorted(glob.glob("/usr/lib/linux-tools*/*/bpftool"))]
    for tool in found:
        if tool and os.path.exists(tool):
            done = subprocess.run([tool, "-j", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                return json.loads(done.stdout)
    raise OSError("no bpftool that runs")


def bpf_programs(prefix=""):
    """How many programs of that name the kernel holds."""
    return sum(1 for each in bpftool("prog", "show") if each.get("name", "").startswith(prefix))


class Pyroscope(Server):
    def ask(self, method, question):
        """A method of its query service, as JSON."""
        request = urllib.request.Request(self.url("/querier.v1.QuerierService/" + method),
                                         json.dumps(question).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read().decode())


def build(script):
    """The path of a server that is built from its Go modules when it is asked for first."""
    built = subprocess.run([os.path.join(REPOSITORY, "scripts", script)], stdout=subprocess.PIPE, text=True)
    if built.returncode == 3:
        raise Skipped("no go")
    if built.returncode:
        raise OSError("%s: exit %d" % (script, built.returncode))
    return built.stdout.strip()


class Parca(Server):
    def profile(self, kind, selector):
        """All profiles of the last ten minutes in one, as pprof."""
        when = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + later)) for later in (-600, 60)]
        answer = json.loads(self.fetch("/api/profiles/query?" + urllib.parse.urlencode({
            "mode": "MODE_MERGE", "merge.query": kind + selector, "merge.start": when[0], "merge.end": when[1],
            "reportType": "REPORT_TYPE_PPROF"})))
        return gzip.decompress(base64.b64decode(answer["pprof"]))


def parca(port):
    """Takes and answers for profiles."""
    program = build("build-parca")
    config = tempfile.NamedTemporaryFile("w", suffix=".yml", delete=False)
    with config:
        config.write("object_storage:\n  bucket:\n    type: FILESYSTEM\n    config:\n      directory: /nonexistent\n")
    return Parca([program, "--config-path=" + config.name, "--http-address=127.0.0.1:%d" % port,
                  "--storage-path=FOLDER", "--debuginfo-cache-dir=FOLDER"], port, "/metrics")


def pyroscope(port, rpc_port):
    """Takes and answers for profiles."""
    program = build("build-pyroscope")
    alone = ["-%s=127.0.0.1" % each for each in (
        "server.http-listen-address", "server.grpc-listen-address", "memberlist.bind-addr",
        "memberlist.advertise-addr", "ingester.lifecycler.addr", "query-frontend.instance-addr",
        "query-scheduler.ring.instance-addr", "distributor.ring.instance-addr", "compactor.ring.instance-addr",
        "store-gateway.sharding-ring.instance-addr", "overrides-exporter.ring.instance-addr")]
    return Pyroscope([program, "-target=all", "-server.http-listen-port=%d" % port,
                      "-server.grpc-listen-port=%d" % rpc_port, "-memberlist.bind-port=%d" % free_port(),
                      "-self-profiling.disable-push=true",
                      "-usage-stats.enabled=false", "-storage.backend=filesystem",
                      "-storage.filesystem.dir=FOLDER/blocks", "-pyroscopedb.data-path=FOLDER/data", *alone],
                     port, "/ready")
