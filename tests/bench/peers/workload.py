# SPDX-License-Identifier: Apache-2.0
"""A service's work without a network: JSON in, small objects, JSON out, about 1,900 allocations a
request. One in 300 of them stays, at three places, each marked LEAK.

Standard input: `numbers` prints requests served, processor seconds, peak resident bytes, and the
seconds of the longest request since the last asking;
`snapshot` takes one of tracemalloc, and from the second on prints as JSON which lines grew, largest
first; `exit` ends the program in the ordinary way.
"""

import json
import os
import resource
import sys
import threading
import time
import tracemalloc

CACHE = {}
BODIES = []
CALLBACKS = []
BODY = json.dumps({"user": {"id": 7, "name": "somebody"},
                   "items": [{"sku": "A%04d" % n, "price": n / 4, "tags": ["x%d" % n, "y"]}
                             for n in range(60)]})


def remember(number, request):
    CACHE["request:%d" % number] = request["items"][number % 60]  # LEAK


def keep_body(number):
    BODIES.append(bytes(1500 + number % 500))  # LEAK


def register(number):
    try:
        raise ValueError(number)
    except ValueError as error:
        kept = error
        CALLBACKS.append(lambda: kept.__traceback__)  # LEAK


def handle(number):
    request = json.loads(BODY)
    total = 0.0
    for item in request["items"]:
        line = {"sku": item["sku"].lower(), "price": "%.2f" % item["price"], "n": number}
        total += float(line["price"])
        item["line"] = line
    json.dumps({"total": total, "items": request["items"]})
    remember(number, request)
    if number % 2 == 0:
        keep_body(number)
    if number % 4 == 0:
        register(number)


class Commands(threading.Thread):
    """Reads standard input beside the work."""

    def __init__(self):
        super().__init__(daemon=True)
        self.requests = 0
        self.longest = 0.0
        self.ended = False
        self.snapshot = None

    def run(self):
        for line in sys.stdin:
            command = line.strip()
            if command == "numbers":
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                print("%d %.6f %d %.6f" % (self.requests, time.process_time(), peak, self.longest),
                      flush=True)
                self.longest = 0.0
            elif command == "snapshot":
                self.take_snapshot()
            elif command == "exit":
                self.ended = True
                return

    def take_snapshot(self):
        before, self.snapshot = self.snapshot, tracemalloc.take_snapshot()
        grown = self.snapshot.compare_to(before, "lineno") if before else []
        print(json.dumps([[each.traceback[-1].filename, each.traceback[-1].lineno]
                          for each in grown[:200] if each.size_diff > 0]), flush=True)


def main():
    commands = Commands()
    print("READY", os.getpid(), flush=True)
    commands.start()
    while not commands.ended:
        begin = time.monotonic()
        handle(commands.requests)
        commands.requests += 1
        commands.longest = max(commands.longest, time.monotonic() - begin)


main()
