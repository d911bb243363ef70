# SPDX-License-Identifier: Apache-2.0
"""A service for the suites that disturb or measure: three threads, steady requests, a plain leak.

It obeys lines on standard input: `numbers` prints how many requests it has served, the processor
time it has used, and the longest time a request took since the last asking, all in one line;
`exit`, `exec`, `fork` and `threads` do what they say.
"""

import os
import sys
import threading
import time

from common import churn, pace, payload, ready

SESSIONS = {}
RATE_PER_THREAD = 30


class Worker(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.requests = 0
        self.longest = 0.0

    def run(self):
        for number in pace(RATE_PER_THREAD):
            begin = time.monotonic()
            SESSIONS[number] = payload(number)  # LEAK
            churn(12000)
            self.requests += 1
            self.longest = max(self.longest, time.monotonic() - begin)


def print_numbers(workers):
    requests = sum(worker.requests for worker in workers)
    longest = max(worker.longest for worker in workers)
    for worker in workers:
        worker.longest = 0.0
    print("%d %.6f %.6f" % (requests, time.process_time(), longest), flush=True)


def fork_child():
    """A child that works on for a moment, and leaves as children of a service do."""
    if os.fork() == 0:
        for _ in range(50):
            churn(2000)
        os._exit(0)
    os.wait()


def run_threads():
    short = [threading.Thread(target=churn, args=(2000,)) for _ in range(50)]
    for thread in short:
        thread.start()
    for thread in short:
        thread.join()


def main():
    workers = [Worker() for _ in range(3)]
    for worker in workers:
        worker.start()
    ready()
    for line in sys.stdin:
        command = line.strip()
        if command == "numbers":
            print_numbers(workers)
        elif command == "exit":
            os._exit(0)
        elif command == "exec":
            os.execv("/bin/sleep", ["sleep", "300"])
        elif command == "fork":
            fork_child()
        elif command == "threads":
            run_threads()


main()
