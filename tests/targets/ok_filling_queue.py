# SPDX-License-Identifier: Apache-2.0
"""A queue with a bound whose consumer is slow: it fills up in seconds, then producers wait."""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=cache|warm-up

import queue
import threading
import time

from common import payload, serve

WORK = queue.Queue(maxsize=200)


def consume():
    while True:
        record = WORK.get()
        record["done"] = True
        time.sleep(0.02)


def handle(number):
    WORK.put(payload(number))


threading.Thread(target=consume, daemon=True).start()
serve(handle, rate=110)
