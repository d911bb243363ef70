# SPDX-License-Identifier: Apache-2.0
"""A sliding window in a deque with a maximal length, full from the start, in three threads."""
# expect: no-leak verdict=cache

import collections

from common import payload, serve

WINDOW = collections.deque((payload(i) for i in range(1000)), maxlen=1000)


def handle(number):
    WINDOW.append(payload(number))


serve(handle, rate=90, threads=3, objects=12000)
