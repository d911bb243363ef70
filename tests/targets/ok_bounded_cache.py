# SPDX-License-Identifier: Apache-2.0
"""A bounded cache that fills for about two and a half seconds and from then on replaces."""
# expect: no-leak verdict=cache

from common import payload, serve

CACHE = {}
MAX_ENTRIES = 250


def remember(number):
    if len(CACHE) >= MAX_ENTRIES:
        del CACHE[next(iter(CACHE))]
    CACHE[number] = payload(number)


def handle(number):
    remember(number)


serve(handle, rate=100)
