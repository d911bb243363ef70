# SPDX-License-Identifier: Apache-2.0
# usage: target.py EXTENSION,LEAK, where EXTENSION is the name of a file beside this one
#
# A small service: requests of the usual kind, and in each a call that leaks in the way named.
# Prints READY once the extension is loaded.
import ctypes
import importlib.util
import json
import os
import sys
import time

PATH, LEAK = sys.argv[1].split(",")
RATE = 100  # requests a second

C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p
C.malloc.argtypes = [ctypes.c_size_t]


def load(path):
    spec = importlib.util.spec_from_file_location("leaky", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


leaky = load(os.path.join(os.path.dirname(os.path.abspath(__file__)), PATH))


def decref(number):
    for each in range(10):
        leaky.forget_decref(number * 10 + each + 1000)  # LINE decref


def free(number):
    leaky.forget_free(900 + number % 3)  # LINE free


def mem(number):
    leaky.forget_mem_free(1500 + number % 3)  # LINE mem


def small(number):
    for each in range(10):
        leaky.forget_mem_free(200 + number % 3)  # LINE small


def array(number):
    if number % 10 == 0:
        leaky.forget_free(800000)  # LINE array


def through_ctypes(number):
    # Memory that nobody writes keeps the pointers of what lay there before, which a search follows.
    block = C.malloc(2000 + number % 7)  # LINE ctypes
    ctypes.memset(block, 0x7a, 2000)


def pinned(number):
    if number % 50 == 0:
        leaky.forget_result(200 + number // 5 % 2000)


LEAKS = {"decref": decref, "free": free, "mem": mem, "small": small, "array": array,
         "ctypes": through_ctypes, "pinned": pinned}


def request(number):
    text = json.dumps({"number": number, "rows": [[each, str(each)] for each in range(60)],
                       "text": "x" * (500 + number % 1500)})
    rows = json.loads(text)["rows"]
    LEAKS[LEAK](number)
    return len(rows) + len(bytes(700 + number % 900))


def main():
    print("READY", flush=True)
    begin = time.monotonic()
    number = 0
    while True:
        request(number)
        number += 1
        time.sleep(max(0, begin + number / RATE - time.monotonic()))


main()
