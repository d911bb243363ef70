# SPDX-License-Identifier: Apache-2.0
"""functools.lru_cache on a method: self is part of every key, so no instance is ever freed."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="\bprice\b" type="dict|lru_cache"
# expect: cause="lru_cache without a bound on Basket\.price\(\)"

import functools

from common import payload, serve


class Basket:
    def __init__(self, number):
        self.record = payload(number)

    @functools.lru_cache(maxsize=None)
    def price(self):
        return self.record["id"] * 0.5


def handle(number):
    return Basket(number).price()  # LEAK


serve(handle, rate=90)
