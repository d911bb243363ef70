# SPDX-License-Identifier: Apache-2.0
"""A cache that drops everything at once when it has reached its size, as re and linecache do."""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=cache|no-growth

from common import payload, serve

CACHE = {}
MAX_ENTRIES = 300


def compiled(number):
    if len(CACHE) >= MAX_ENTRIES:
        CACHE.clear()
    return CACHE.setdefault("pattern-%d" % number, payload(number))


def handle(number):
    return compiled(number)


serve(handle, rate=120)
