# SPDX-License-Identifier: Apache-2.0
"""A queue.SimpleQueue, which is written in C, filled faster than it is drained."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: EVENTS\b"
# expect: cause="SimpleQueue is filled"

import queue

from common import payload, serve

EVENTS = queue.SimpleQueue()


def handle(number):
    EVENTS.put(payload(number))  # LEAK
    if number % 3 == 0:
        EVENTS.get()


serve(handle, rate=150)
