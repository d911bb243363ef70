# SPDX-License-Identifier: Apache-2.0
"""How each peer is put on a running or starting program, and how its answer is read.

An answer is a list of (file name, line), the most suspect first; None where the tool names no
Python lines at all.
"""

import json
import os
import re
import signal
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOAD = os.path.join(HERE, "workload.py")
REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CACHE = os.environ.get("PYLEAK_CACHE", "/var/cache/pyleak")
PYLEAK = os.path.join(REPOSITORY, "build", "pyleak")


def memleak(pid, *arguments):
    """The command; fetched once: Debian 12 has it for kernels with their headers only. Run by the
    newer release's own loader, not in its root, so that it probes the C library of the program."""
    if not os.path.isdir(MEMLEAK_ROOT):
        subprocess.run(["bash", "-c", '. "$0" && suite_unpack trixie "$1" +libbpf-tools',
                        os.path.join(REPOSITORY, "scripts", "suite.sh"), MEMLEAK_ROOT], check=True)
    return [os.path.join(MEMLEAK_ROOT, "lib64", "ld-linux-x86-64.so.2"), "--library-path",
            os.path.join(MEMLEAK_ROOT, "usr", "lib", "x86_64-linux-gnu"),
            os.path.join(MEMLEAK_ROOT, "usr", "sbin", "memleak-libbpf"), "-p", str(pid), *arguments]


def last_line(lines):
    return ([line.strip() for line in lines if line.strip()] or [""])[-1]


class Tool:
    """Measures nothing; the base of all."""

    name = "untraced"
    needs = "nothing"
    environment = {}

    def __init__(self, venv, folder):
        self.venv, self.folder = venv, folder
        self.python = os.path.join(venv, "bin", "python")
        self.process = None

    def command(self):
        """What starts the program."""
        return [self.python, WORKLOAD]

    def attach(self, pid, seconds):
        """Begin to look at the program, which runs."""

    def spawn(self, command):
        with open(self.path("err"), "w") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors,
                                            text=True, errors="replace", start_new_session=True,
                                            cwd=self.folder)

    def look_ends(self, target):
        """After the time to look: the tool's output, where it has one."""
        if not self.process:
            return ""
        output = self.process.communicate(timeout=120)[0]
        if self.process.returncode:
            with open(self.path("err")) as errors:
                raise ValueError("exit %d: %s" % (self.process.returncode, last_line(errors)))
        return output

    def close(self):
        """Whatever happened: nothing of the tool goes on."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def answer(self, output):
        """After the program ended."""
        return None

    def path(self, name):
        return os.path.join(self.folder, name)


class Pyleak(Tool):
    name = "pyleak"
    needs = "nothing"
    options = ()

    def attach(self, pid, seconds):
        self.spawn([PYLEAK, "-p", str(pid), "-d", "%ds" % seconds, "--format", "json",
                    *self.options])

    def answer(self, output):
        lines = []
        for candidate in json.loads(output)["candidates"]:
            for at in (candidate["stored_at"], candidate["allocated_at"]):
                if at:
                    lines.append((os.path.basename(at["file"]), at["line"]))
                    break
        return lines


class PyleakExact(Pyleak):
    name = "pyleak --exact"
    options = ("--exact",)


class Tracemalloc(Tool):
    name = "tracemalloc, 1 frame"
    needs = "restart, code"
    environment = {"PYTHONTRACEMALLOC": "1"}

    def ask(self, target):
        target.tell("snapshot")
        return target.line()

    def attach(self, pid, seconds):
        pass

    def look_ends(self, target):
        return self.ask(target)

    def answer(self, output):
        return [(os.path.basename(name), line) for name, line in json.loads(output)]


class Tracemalloc25(Tracemalloc):
    name = "tracemalloc, 25 frames"
    environment = {"PYTHONTRACEMALLOC": "25"}


READ_MEMRAY = """
import json, os, sys
from memray import FileReader
reader = FileReader(sys.argv[1])
lines = {}
for record in reader.get_leaked_allocation_records(merge_threads=True):
    stack = record.stack_trace(1)
    if stack:
        key = (os.path.basename(stack[0][1]), stack[0][2])
        lines[key] = lines.get(key, 0) + record.size
print(json.dumps(sorted(lines, key=lines.get, reverse=True)[:500]))
"""


class MemrayRun(Tool):
    name = "memray run"
    needs = "restart"
    options = ()

    def command(self):
        return [self.python, "-m", "memray", "run", "-q", "-f", *self.options, "-o",
                self.path("memray.bin"), WORKLOAD]

    def answer(self, output):
        read = subprocess.run([self.python, "-c", READ_MEMRAY, self.path("memray.bin")],
                              stdout=subprocess.PIPE, text=True, check=True)
        return [tuple(each) for each in json.loads(read.stdout)]


class MemrayRunPython(MemrayRun):
    name = "memray run, Python allocators"
    options = ("--trace-python-allocators",)


class MemrayRunNative(MemrayRun):
    name = "memray run, native"
    options = ("--native",)


class MemrayAttach(MemrayRun):
    name = "memray attach"
    needs = "injection by gdb"

    def command(self):
        return [self.python, WORKLOAD]

    def attach(self, pid, seconds):
        self.spawn([self.python, "-m", "memray", "attach", "-f", "--method", "gdb", "--duration",
                    str(seconds), "-o", self.path("memray.bin"), str(pid)])


class Scalene(Tool):
    name = "Scalene"
    needs = "restart"

    def command(self):
        return [os.path.join(self.venv, "bin", "scalene"), "run", "-o", self.path("scalene.json"),
                WORKLOAD]

    def answer(self, output):
        with open(self.path("scalene.json")) as profile:
            files = json.load(profile).get("files", {})
        leaks = [(leak["velocity_mb_s"], os.path.basename(name), int(line))
                 for name, each in files.items() for line, leak in each.get("leaks", {}).items()]
        return [(name, line) for _, name, line in sorted(leaks, reverse=True)]


class MemoryProfiler(Tool):
    name = "memory_profiler"
    needs = "restart, code"

    def command(self):
        with open(WORKLOAD) as source:
            text = re.sub(r"(?m)^def (handle|remember|keep_body|register)\(", r"@profile\n\g<0>",
                          source.read())
        with open(self.path("workload.py"), "w") as decorated:
            decorated.write(text)
        return [self.python, "-m", "memory_profiler", "-o", self.path("report"),
                self.path("workload.py")]

    def answer(self, output):
        with open(self.path("report")) as report:
            rows = re.findall(r"(?m)^ *(\d+) +[\d.]+ MiB +([\d.]+) MiB", report.read())
        moved = self.decorators_above()
        return [("workload.py", line - moved(line)) for _, line in
                sorted(((float(grown), int(line)) for line, grown in rows), reverse=True)]

    def decorators_above(self):
        with open(self.path("workload.py")) as source:
            at = [n for n, text in enumerate(source, 1) if text.startswith("@profile")]
        return lambda line: sum(1 for each in at if each <= line)


class Memleak(Tool):
    name = "bcc memleak"
    needs = "nothing"

    def attach(self, pid, seconds):
        self.spawn(memleak(pid, "-T", "20", str(seconds), "1"))


class Heaptrack(Tool):
    name = "heaptrack -p"
    needs = "injection by gdb"

    def attach(self, pid, seconds):
        self.spawn(["heaptrack", "-p", str(pid), "-o", self.path("heaptrack")])

    def look_ends(self, target):
        return ""  # it stays until the program ends


class Austin(Tool):
    name = "austin -m"
    needs = "nothing"

    def attach(self, pid, seconds):
        self.spawn([os.path.join(self.venv, "bin", "austin"), "-m", "-x", str(seconds), "-p",
                    str(pid)])

    def answer(self, output):
        lines = {}
        for row in output.splitlines():
            stack, _, amount = row.rpartition(" ")
            frame = re.match(r"(.*):[^:]*:(\d+)$", stack.rpartition(";")[2])
            if frame and amount.lstrip("-").isdigit():
                key = (os.path.basename(frame.group(1)), int(frame.group(2)))
                lines[key] = lines.get(key, 0) + int(amount)
        return sorted((each for each in lines if lines[each] > 0), key=lines.get, reverse=True)


TOOLS = [Pyleak, PyleakExact, Tracemalloc, Tracemalloc25, MemrayRun, MemrayRunPython,
         MemrayRunNative, MemrayAttach, Scalene, MemoryProfiler, Memleak, Heaptrack, Austin]
PACKAGES = ["memray", "scalene", "memory_profiler", "austin-dist<4"]


MEMLEAK_ROOT = os.path.join(CACHE, "roots", "trixie-tools")
SYSTEM_PYTHON = os.path.realpath("/usr/bin/python3")  # the private environment is made from it
