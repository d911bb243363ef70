# SPDX-License-Identifier: Apache-2.0
"""A service of the fleet test. usage: worker.py LEAKS [WORKERS]

Serves requests; with LEAKS above 0 keeps about that many bytes of each second in SESSIONS. With
WORKERS it forks as many, which do the serving, as a preforking server does.
"""

import gc
import os
import sys
import time

SESSIONS = {}
PAUSE = 0.05


def remember(number, size):
    SESSIONS["user-%d@example.com" % number] = "s" * size  # LEAK


def forget(number, size):
    """The same work, and nothing stays."""
    SESSIONS["user-%d@example.com" % (number % 50)] = "s" * size


def serve(leaks):
    number = 0
    size = max(1, int(leaks * PAUSE)) if leaks else 500
    while True:
        number += 1
        (remember if leaks else forget)(number, size)
        if number % 20 == 0:
            gc.collect()
        time.sleep(PAUSE)


def main():
    leaks = int(sys.argv[1])
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for _ in range(workers):
        if os.fork() == 0:
            serve(leaks)
    print("READY", flush=True)
    if workers:
        os.wait()
    serve(leaks)


if __name__ == "__main__":
    main()
