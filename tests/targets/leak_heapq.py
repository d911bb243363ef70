# SPDX-License-Identifier: Apache-2.0
"""A schedule in a heap: the jobs that are due are never popped. heapq stores from C code."""
# expect: verdict=leak holder="module __main__: SCHEDULE\b" type=list
# expect: cause="a list .* elements of type tuple"

import heapq
import threading

from common import payload, serve

SCHEDULE = []
LOCK = threading.Lock()


def schedule(number):
    due = (number * 7919) % 100003
    with LOCK:
        heapq.heappush(SCHEDULE, (due, number, payload(number)))  # LEAK


def handle(number):
    schedule(number)


serve(handle, rate=90, threads=3, objects=12000)
