# SPDX-License-Identifier: Apache-2.0
"""A log of the last so many lines, in a deque with a maximal length, that fills all the time."""
# expect: no-leak

import collections

from common import payload, serve

LOG = collections.deque(maxlen=20000)


def handle(number):
    LOG.append(payload(number))


serve(handle, rate=100)
