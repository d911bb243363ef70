# SPDX-License-Identifier: Apache-2.0
"""
Collects, and keeps what gc.callbacks was told of each collection. Reads commands: "go" works and
prints the record as one line of JSON, "exit" ends the process inside a collection, "quit" ends it.
"""
import gc
import json
import os
import sys
import threading
import time

record = []
begun = {}
recording = [False]


def note(phase, info):
    now = time.monotonic_ns()
    thread = threading.get_ident()
    if phase == "start":
        begun[thread] = now
    elif recording[0]:
        record.append((begun[thread], now - begun[thread], info["generation"], info["collected"],
                       info["uncollectable"]))


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


def main():
    kept = [{"kept": [i]} for i in range(20000)]
    gc.callbacks.append(note)
    gc.collect()
    print("READY", flush=True)
    for line in sys.stdin:
        if line.strip() == "go":
            recording[0] = True
            work()
            recording[0] = False
            wall = time.time_ns() - time.monotonic_ns()
            print(json.dumps({"wall": wall, "events": record, "garbage": len(gc.garbage)}),
                  flush=True)
        elif line.strip() == "exit":
            churn(3)
            Leaver()
            gc.collect()
        else:
            break
    return kept


main()
