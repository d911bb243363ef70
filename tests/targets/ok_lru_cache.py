# SPDX-License-Identifier: Apache-2.0
"""functools.lru_cache with a bound, full from the start: every call replaces an entry."""
# expect: no-leak verdict=cache

import functools

from common import payload, serve


@functools.lru_cache(maxsize=2000)
def quote(number):
    return payload(number)


def handle(number):
    return quote(number)["id"]


for filled in range(-2000, 0):
    quote(filled)
serve(handle, rate=150)
