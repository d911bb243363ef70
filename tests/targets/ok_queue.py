# SPDX-License-Identifier: Apache-2.0
"""A producer and a consumer in balance: the queue is never long, its content always new."""
# expect: no-leak verdict=no-growth|cache

import queue
import threading

from common import payload, serve

WORK = queue.Queue(maxsize=50)


def consume():
    while True:
        record = WORK.get()
        record["done"] = True


def handle(number):
    WORK.put(payload(number))


threading.Thread(target=consume, daemon=True).start()
serve(handle, rate=90, threads=3, objects=12000)
