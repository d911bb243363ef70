# SPDX-License-Identifier: Apache-2.0
"""Everything a healthy service does at once: sessions that expire at random, an LRU by hand, a bounded
lru_cache, a window, counters, a list cut back now and then, coroutines and a thread. Entries are nested and
replaced by others of the same shape, often at the same addresses."""
# expect: no-leak verdict=cache|undecided

import asyncio
import collections
import functools
import json
import random
import threading
import time

from common import LIFETIME_SECONDS, ready

SESSIONS = {}
RECENT_BY_ID = collections.OrderedDict()
WINDOW = collections.deque(maxlen=500)
COUNTS = collections.Counter()
LATEST = []


class State:
    last = None


STATE = State()


@functools.lru_cache(maxsize=1000)
def price(key):
    return {"key": key, "offers": [random.random() for _ in range(5)]}


def expire():
    now = time.monotonic()
    for key in [key for key, (until, _) in list(SESSIONS.items()) if until < now]:
        SESSIONS.pop(key, None)


def request(number):
    text = json.dumps({"id": number, "xs": [random.random() for _ in range(50)], "by": {"name": f"u{number}"}})
    order = json.loads(text)
    SESSIONS[number] = (time.monotonic() + random.expovariate(1), order)
    RECENT_BY_ID[number] = order["by"]
    if len(RECENT_BY_ID) > 400:
        RECENT_BY_ID.popitem(last=False)
    WINDOW.append(order["xs"][:3])
    COUNTS[number % 100] += 1
    price(random.randrange(5000))
    STATE.last = order
    LATEST.append(order["id"])
    if len(LATEST) > 300:
        del LATEST[:150]
    if number % 7 == 0:
        expire()


async def client(number):
    while True:
        request(number)
        number += 10
        await asyncio.sleep(0.02)


async def clients():
    await asyncio.gather(*[client(number) for number in range(5)])


threading.Thread(target=lambda: asyncio.run(clients()), daemon=True).start()
until = time.monotonic() + LIFETIME_SECONDS
time.sleep(6)  # sessions live a second: by now as many go as come
ready()
number = 10**6
while time.monotonic() < until:
    request(number)
    number += 1
    time.sleep(0.01)
