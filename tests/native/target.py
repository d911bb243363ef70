# SPDX-License-Identifier: Apache-2.0
# usage: target.py EXTENSION,DEPTH
#
# Leaks blocks of known sizes, for ever, from C functions below Python functions below C functions
# below Python functions; in the main thread and in another. Prints READY once the extension is
# loaded. Sizes tell the callers apart, 70001 to 70007.
import ctypes
import importlib.util
import json
import sys
import threading
import time


def load(path):
    spec = importlib.util.spec_from_file_location("extension", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PATH, DEPTH = sys.argv[1].split(",")
EXTENSION = load(PATH)
C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p


def innermost(size):
    return EXTENSION.leak(size)  # LEAK


def between(size):
    return innermost(size)  # BETWEEN


def plain():
    return between(70001)  # PLAIN


def called_back():
    return EXTENSION.call(between, 70002)  # CALL


def twice():
    return EXTENSION.call(lambda size: EXTENSION.call(between, size), 70003)  # TWICE


def generate():
    yield sorted([1, 2], key=lambda _: between(70004))  # GENERATE


def generator():
    return list(generate())  # GENERATOR


def through_ctypes():
    return C.malloc(70005)  # CTYPES


def in_library():
    return json.dumps("x" * 70006)  # JSON


def deep(depth):
    if depth:
        return deep(depth - 1)  # DEEP
    return innermost(70007)  # DEEPEST


def work():
    depth = int(DEPTH)
    while True:
        plain()
        called_back()
        twice()
        generator()
        through_ctypes()
        in_library()
        deep(depth)
        time.sleep(0.02)


threading.Thread(target=work, daemon=True).start()
print("READY", flush=True)
work()  # MAIN
