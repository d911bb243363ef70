# SPDX-License-Identifier: Apache-2.0
# usage: target.py [THREADS [DEPTH [SHORT]]]
#
# Appends to one list from known lines: store() in every thread, DEPTH calls deep, and remove() takes away again.
# Prints "PID ADDRESS", the address of the list's size word, then runs until killed. With SHORT, every thread ends after
# a second and another takes its place.
import os
import sys
import threading
import time

HELD = []


def store(depth):
    if depth > 1:
        return store(depth - 1)
    HELD.append(object())


def remove():
    HELD.pop()


def work(depth, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        store(depth)
        store(depth)
        remove()
        time.sleep(0.005)


def main():
    threads, depth, short = (int(a) for a in (sys.argv[1:] + ["2", "1", "0"][len(sys.argv) - 1:])[:3])
    sys.setrecursionlimit(10000)
    print(os.getpid(), hex(id(HELD) + object.__basicsize__), flush=True)
    while True:
        running = [threading.Thread(target=work, args=(depth, 1 if short else 1e9)) for _ in range(threads)]
        for t in running:
            t.start()
        for t in running:
            t.join()


main()
