# SPDX-License-Identifier: Apache-2.0
"""Orders that a cache, a queue and users hold; Lost objects of which C code took a reference and never
gave it back; cycles that nobody collects. Then idleness.

Prints READY, and then one line of JSON: the addresses and reference counts of some orders, the sum of
all their counts, what gc.get_referrers() says of one, and how many of the others there are.
"""

import collections
import ctypes
import gc
import json
import sys
import time

from common import LIFETIME_SECONDS

CACHED = 5000
QUEUED = 500  # of them
USERS = 50
LOST = 300
CYCLES = 200


class User:
    def __init__(self, number):
        self.name = "user %d" % number
        self.last = None


class Order:
    def __init__(self, number):
        self.number = number
        self.lines = [number, "line %d" % number]


class Service:
    def __init__(self):
        self.cache = {}
        self.users = [User(number) for number in range(USERS)]
        self.queue = collections.deque()

    def order(self, number):
        order = Order(number)
        self.cache["order-%d" % number] = order
        self.users[number % USERS].last = order
        if number % (CACHED // QUEUED) == 0:
            self.queue.append(order)


class Lost:
    def __init__(self, number):
        self.text = "lost %d" % number


class Node:
    def __init__(self, other):
        self.other = other


def lose(number):
    lost = Lost(number)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(lost))


def cycle():
    first = Node(None)
    first.other = Node(first)


SERVICE = Service()


def count(number):
    """Less the reference that is the function's own argument."""
    return sys.getrefcount(SERVICE.cache["order-%d" % number]) - 1


def tell():
    chosen = [0, 1, CACHED - 1]
    return json.dumps({
        "addresses": [hex(id(SERVICE.cache["order-%d" % number])) for number in chosen],
        "counts": [count(number) for number in chosen],
        "sum": sum(count(number) for number in range(CACHED)),
        "referrers": sorted(type(each).__name__
                            for each in gc.get_referrers(SERVICE.cache["order-%d" % (CACHED - 1)])),
        "orders": CACHED, "queued": QUEUED, "users": USERS, "lost": LOST, "cycles": CYCLES,
    })


def main():
    gc.collect()
    gc.disable()
    for number in range(CACHED):
        SERVICE.order(number)
    for number in range(LOST):
        lose(number)
    for _ in range(CYCLES):
        cycle()
    line = tell()
    print("READY", flush=True)
    print(line, flush=True)
    time.sleep(LIFETIME_SECONDS)


main()
