# SPDX-License-Identifier: Apache-2.0
"""A window in a deque with a maximal length that is not reached yet."""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=cache

import collections

from common import payload, serve

WINDOW = collections.deque(maxlen=50000)


def handle(number):
    WINDOW.append(payload(number))


serve(handle, rate=100, threads=2)
