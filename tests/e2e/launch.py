# SPDX-License-Identifier: Apache-2.0
"""Starts target programs under real interpreters, and pyleak on them. Used by every root suite."""

import collections
import os
import re
import select
import subprocess
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYLEAK = os.environ.get("PYLEAK", os.path.join(REPOSITORY, "build", "pyleak"))
TARGETS = os.path.join(REPOSITORY, "tests", "targets")
READY_SECONDS = 60
# Packages that programs say they need (# needs: NAME), pure Python, one folder for all versions.
PACKAGES = os.path.join(REPOSITORY, "build", "python-packages")
PINNED = ["requests", "urllib3", "idna", "certifi", "charset_normalizer", "sqlalchemy",
          "typing_extensions"]

# An interpreter of another release lives in a root of its own. It runs as in a container: as
# process 1 of its own pid namespace, in its own mount namespace, whose mounts vanish with it.
CONTAINER = (
    'mount --bind "$1" "$2/tmp" && mount -t proc proc "$2/proc" && '
    '{ [ -z "$PACKAGES" ] || mount --bind "$PACKAGES" "$2/var/cache"; } && '
    'exec chroot "$2" "$3" "/tmp/$4"'
)

Outcome = collections.namedtuple("Outcome", "exit stdout stderr seconds")


class Interpreter(collections.namedtuple("Interpreter", "name python root version kind")):
    """A line of scripts/interpreters."""

    @property
    def minor(self):
        return ".".join(self.version.split(".")[:2])

    def command(self, program, arguments=()):
        if self.root == "/":
            return [self.python, program, *arguments]
        folder, name = os.path.split(program)
        return ["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c",
                CONTAINER + ' "$5"' * bool(arguments), "sh", folder, self.root, self.python, name,
                *arguments]


def interpreters(patterns=()):
    """All interpreters whose names match one of the shell patterns, in the script's order."""
    script = os.path.join(REPOSITORY, "scripts", "interpreters")
    lines = subprocess.run([script, *patterns], stdout=subprocess.PIPE, check=True, text=True)
    return [Interpreter(*line.split()) for line in lines.stdout.splitlines()]


def one_per_minor(found):
    """The first interpreter of each minor version: the system's own where there is one."""
    first = {}
    for interpreter in found:
        first.setdefault(interpreter.minor, interpreter)
    return sorted(first.values(), key=lambda each: version_key(each.minor))


def version_key(version):
    return tuple(int(part) for part in re.findall(r"\d+", version))


def needs_packages(program):
    with open(program) as source:
        return any(line.startswith("# needs:") for line in source)


def fetch_packages():
    """Once, from PyPI, by a virtual environment's own pip."""
    if os.path.isdir(os.path.join(PACKAGES, "requests")):
        return
    home = os.path.join(REPOSITORY, "build", "venv")
    subprocess.run(["/usr/bin/python3", "-m", "venv", home], check=True)
    subprocess.run([os.path.join(home, "bin", "pip"), "install", "--quiet", "--no-deps",
                    "--target", PACKAGES, "--only-binary=:all:", "--platform", "any",
                    "--python-version", "3.9", "--implementation", "py", "--abi", "none",
                    *PINNED], check=True)


class Target:
    """A running target program; `with Target(...) as target` kills it at the end."""

    def __init__(self, interpreter, program, arguments=()):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if needs_packages(program):
            environment["PACKAGES"] = PACKAGES
            environment["PYTHONPATH"] = PACKAGES if interpreter.root == "/" else "/var/cache"
        self.child = subprocess.Popen(
            interpreter.command(program, arguments), env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.in_container = interpreter.root != "/"
        self.pid = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_ready(self):
        """Reads the line READY and finds the pid as seen from here; False if it did not start."""
        if not select.select([self.child.stdout], [], [], READY_SECONDS)[0]:
            return False
        if self.child.stdout.readline().strip() != "READY":
            return False
        self.pid = self._child_of_unshare() if self.in_container else self.child.pid
        return True

    def _child_of_unshare(self):
        with open("/proc/%d/task/%d/children" % (self.child.pid, self.child.pid)) as children:
            return int(children.read().split()[0])

    def alive(self):
        return self.child.poll() is None

    def tell(self, command):
        """A line to the program's standard input."""
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def numbers(self):
        """(requests served, processor seconds, seconds of the longest request) of service.py."""
        self.tell("numbers")
        requests, cpu, longest = self.child.stdout.readline().split()
        return int(requests), float(cpu), float(longest)

    def cpu_seconds(self):
        """User and system time of the whole process so far."""
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.child.kill()  # of a container: unshare, which takes its child along
        return self.child.communicate()


def pyleak(arguments, timeout=150):
    """Runs pyleak to its end; exit is None when it had to be killed."""
    begin = time.monotonic()
    child = start_pyleak(arguments)
    try:
        stdout, stderr = child.communicate(timeout=timeout)
        status = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        stdout, stderr = child.communicate()
        status = None
    return Outcome(status, stdout, stderr, time.monotonic() - begin)


def start_pyleak(arguments):
    return subprocess.Popen([PYLEAK, *arguments], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
