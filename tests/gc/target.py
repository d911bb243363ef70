# SPDX-License-Identifier: Apache-2.0
"""
Collects, and keeps what gc.callbacks was told of each collection. Reads commands: "go" works and
prints the record as one line of JSON, "busy" does nothing but collect from then on, "exit" ends the
process inside a collection, "quit" ends it.

The times are of stamp.so, beside this file: from the last callback before a collection to the first
one after it where callbacks are called outside of the collector (to 3.12), and from the first to
the last where they are called inside.
"""
import ctypes
import gc
import json
import os
import sys
import threading
import time

record = []
recording = [False]
INSIDE = sys.version_info >= (3, 13)
METH_FASTCALL = 0x80


class Stamp(ctypes.Structure):
    _fields_ = [("before", ctypes.c_longlong), ("cpu", ctypes.c_longlong),
                ("after", ctypes.c_longlong)]


class Method(ctypes.Structure):
    """PyMethodDef"""
    _fields_ = [("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int),
                ("doc", ctypes.c_char_p)]


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


library = ctypes.PyDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "stamp.so"))
ctypes.c_void_p.in_dll(library, "incref").value = address(ctypes.pythonapi.Py_IncRef)
method = Method(b"stamp", address(library.stamp), METH_FASTCALL, None)
bind = ctypes.pythonapi.PyCFunction_NewEx
bind.argtypes = [ctypes.POINTER(Method), ctypes.py_object, ctypes.c_void_p]
bind.restype = ctypes.py_object
stamp = bind(ctypes.byref(method), None, None)
stamps = (Stamp * 65536).in_dll(library, "stamps")
stamped = ctypes.c_uint.in_dll(library, "stamped")


def note(phase, info):
    if phase == "stop" and recording[0]:
        record.append((info["generation"], info["collected"], info["uncollectable"]))


class Cycle:
    def __init__(self):
        self.me = self


class Sleeper(Cycle):
    def __del__(self):
        time.sleep(0.02)


class Nested(Cycle):
    def __del__(self):
        gc.collect()


class Leaver(Cycle):
    def __del__(self):
        os._exit(0)


def churn(count):
    for _ in range(count):
        Cycle()


def ask():
    for generation in (0, 1, 2, 2):
        churn(20)
        gc.collect(generation)


def work():
    churn(60000)
    ask()
    Sleeper()
    gc.collect()
    Nested()
    gc.collect()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    gc.set_debug(gc.DEBUG_SAVEALL)
    churn(5)
    gc.collect()
    gc.set_debug(0)


def events():
    """(start, pause, time off the CPU in it, generation, collected, uncollectable) of each."""
    found = []
    for i, numbers in enumerate(record):
        four = stamps[4 * i:4 * i + 4]
        begin, end = (four[0], four[3]) if INSIDE else (four[1], four[2])
        start, stop = (begin.before, end.after) if INSIDE else (begin.after, end.before)
        found.append((start, stop - start, stop - start - (end.cpu - begin.cpu), *numbers))
    return found


def main():
    kept = [{"kept": [i]} for i in range(20000)]
    ctypes.memset(stamps, 0, ctypes.sizeof(stamps))  # no page of it is new later
    gc.callbacks[:] = [stamp, note, stamp]
    gc.collect()
    print("READY", flush=True)
    for line in sys.stdin:
        if line.strip() == "go":
            gc.collect()  # the first of a watch: the kernel prepares return probes inside it
            stamped.value = 0
            recording[0] = True
            work()
            recording[0] = False
            wall = time.time_ns() - time.monotonic_ns()
            print(json.dumps({"wall": wall, "events": events(), "garbage": len(gc.garbage)}),
                  flush=True)
        elif line.strip() == "busy":
            print("busy", flush=True)
            while True:
                gc.collect()
        elif line.strip() == "exit":
            churn(3)
            Leaver()
            gc.collect()
        else:
            break
    return kept


main()
