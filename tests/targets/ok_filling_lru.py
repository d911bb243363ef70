# SPDX-License-Identifier: Apache-2.0
"""functools.lru_cache with a bound that is not reached yet: it grows, and will not for ever."""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=cache

import functools

from common import payload, serve


@functools.lru_cache(maxsize=20000)
def quote(number):
    return payload(number)


def handle(number):
    return quote(number)["id"]


serve(handle, rate=100)
