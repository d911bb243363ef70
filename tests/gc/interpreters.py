# SPDX-License-Identifier: Apache-2.0
"""
Collects in the main interpreter and in two others, which run in threads of their own: at the same
time where each has a lock of its own (3.12 and later). At "go" prints for each interpreter what its
calls of gc.collect() returned, as one line of JSON: up to 3.9 all interpreters have one
gc.callbacks.
"""
import json
import sys
import threading
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = """
import gc, json, os

class Cycle:
    def __init__(self):
        self.me = self

told = []

def turn(count):
    for i in range(count):
        Cycle()
    told.append((2, gc.collect()))

gc.disable()
gc.collect()
for each in range(TURNS):
    turn(TURNS * 10 + each)
os.write(FD, (json.dumps(told) + "\\n").encode())
"""


def run(interpreter, turns, file):
    code = CODE.replace("TURNS", str(turns)).replace("FD", str(file))
    if interpreter is None:
        exec(code, {})
    else:
        interpreters.run_string(interpreter, code)


def main():
    import os

    others = [interpreters.create(), interpreters.create()]
    print("READY", flush=True)
    sys.stdin.readline()
    told = []
    threads, ends = [], []
    for turns, interpreter in zip((7, 11), others):
        read, write = os.pipe()
        ends.append(os.fdopen(read))
        threads.append(threading.Thread(target=run, args=(interpreter, turns, write)))
    read, write = os.pipe()
    ends.append(os.fdopen(read))
    for thread in threads:
        thread.start()
    run(None, 5, write)
    for thread in threads:
        thread.join()
    for end in ends:
        told.append(json.loads(end.readline()))
    print(json.dumps(told), flush=True)
    time.sleep(60)


main()
