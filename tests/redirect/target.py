# SPDX-License-Identifier: Apache-2.0
# Calls the allocator a known number of times. Prints READY, then answers each line on standard input:
#
#	run N          N calls from C in each of two domains: what they came to, as JSON
#	objects N      N objects made and dropped, N kept
#	trace on|off   tracemalloc
#	fork           a child that lives until the next fork, or the end: its pid
#	beat           "beat"
import ctypes
import itertools
import json
import os
import sys
import tracemalloc

HELD = []


class Functions(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("malloc", "calloc", "realloc", "free")]


class Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("allocated", "freed", "held", "held_bytes")]


def functions(prefix):
    return Functions(*[ctypes.cast(getattr(ctypes.pythonapi, prefix + name), ctypes.c_void_p).value
                       for name in ("Malloc", "Calloc", "Realloc", "Free")])


# Keeps the GIL, as allocation from C must.
LIBRARY = ctypes.PyDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "workload.so"))
LIBRARY.run.restype = None
DOMAINS = [functions("PyMem_"), functions("PyObject_")]
CALLS = []


def workload(domain, count, counts):
    LIBRARY.run(domain[0], domain[1], count, counts)


def run(count):
    counts = Counts()
    for which, each in enumerate(DOMAINS):
        workload((ctypes.byref(each), ctypes.c_uint(which)), ctypes.c_long(count),
                 ctypes.byref(counts))
    return {name: getattr(counts, name) for name, _ in Counts._fields_}


def made_and_dropped(count):
    for _ in itertools.repeat(None, count):
        object()


def kept(count):
    for _ in itertools.repeat(None, count):
        HELD.append(object())


def objects(count):
    made_and_dropped(count)
    kept(count)
    return {}


def trace(what):
    (tracemalloc.start if what == "on" else tracemalloc.stop)()
    return {}


CHILD = []


def fork(_):
    for pid, pipe in CHILD:
        os.close(pipe)
        os.waitpid(pid, 0)
    CHILD.clear()
    there, here = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(here)
        while os.read(there, 1):
            pass
        os._exit(len([object() for _ in range(1000)]) != 1000)
    os.close(there)
    CHILD.append((pid, here))
    return {"child": pid}


def beat(_):
    return {"beat": len([str(number) for number in range(1000)])}


DO = {"run": lambda count: run(int(count)), "objects": lambda count: objects(int(count)),
      "trace": trace, "fork": fork, "beat": beat}


def main():
    run(0)
    objects(10)
    print("READY", flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        print(json.dumps(DO[word](rest)), flush=True)


main()
