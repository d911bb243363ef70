# SPDX-License-Identifier: Apache-2.0
"""What the target programs share: request-like churn, a steady pace, worker threads, an end."""

import itertools
import json
import threading
import time

LIFETIME_SECONDS = 300
END = time.monotonic() + LIFETIME_SECONDS
REQUEST_NUMBERS = itertools.count(1000)


def ready():
    """Tells the runner that the program has started."""
    print("READY", flush=True)


def churn(objects):
    """Allocates about this many objects and frees them again, as serving a request does.

    At most two thousand live at a time, so that the resident size stays flat.
    """
    for left in range(objects, 0, -2000):
        rows = [
            {"id": 1000 + i, "name": "row-%d" % i, "price": i * 0.25, "tags": [str(i), str(-i)]}
            for i in range(min(left, 2000) // 16)
        ]
        json.loads(json.dumps(rows))


def payload(number):
    """A record of about 700 bytes in eight objects that nothing else shares."""
    return {
        "id": number,
        "user": "user-%d" % number,
        "path": "/shop/items/%d/reviews?page=%d" % (number, number % 7),
        "agent": "Mozilla/5.0 (X11; Linux x86_64) request/%d" % number,
        "timing": [number * 0.001, number * 0.002],
    }


def pace(rate):
    """Yields a new request number `rate` times a second until the lifetime is over.

    A tick that comes late is not caught up with: on a busy machine the program slows down
    instead of working in bursts.
    """
    due = time.monotonic()
    while due < END:
        yield next(REQUEST_NUMBERS)
        now = time.monotonic()
        due = max(due + 1.0 / rate, now)
        time.sleep(due - now)


def serve(handle, rate=100, threads=1, objects=200):
    """Calls handle(number) `rate` times a second, spread over the threads, each with its churn."""

    def work():
        for number in pace(rate / threads):
            handle(number)
            churn(objects)

    ready()
    if threads == 1:
        work()
        return
    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
