# SPDX-License-Identifier: Apache-2.0
# usage: target.py [THREADS,DEPTH,SECONDS]
#
# Appends to one list and takes away again, from known lines, in every thread, DEPTH calls deep. A
# thread lives SECONDS, then another takes its place. Prints READY, then the address of the list's
# size word. On SIGUSR1 it becomes another program.
import os
import signal
import sys
import threading
import time

HELD = []


def store(depth):
    if depth > 1:
        store(depth - 1)
    else:
        HELD.append(object())  # STORE


def remove():
    HELD.pop()  # REMOVE


def work(depth, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        store(depth)  # FIRST
        store(depth)  # SECOND
        remove()
        time.sleep(0.005)


def become_another(_number, _frame):
    os.execvp("sleep", ["sleep", "60"])


def main():
    signal.signal(signal.SIGUSR1, become_another)
    numbers = sys.argv[1] if len(sys.argv) > 1 else "2,3,300"
    threads, depth, seconds = (float(number) for number in numbers.split(","))
    sys.setrecursionlimit(10000)
    end = time.monotonic() + 300
    told = False
    while time.monotonic() < end:
        running = [threading.Thread(target=work, args=(int(depth), seconds), daemon=True)
                   for _ in range(int(threads))]
        for thread in running:
            thread.start()
        if not told:
            print("READY", flush=True)
            print(hex(id(HELD) + object.__basicsize__), flush=True)
            told = True
        for thread in running:
            thread.join()


main()
