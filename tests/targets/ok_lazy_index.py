# SPDX-License-Identifier: Apache-2.0
"""An index that is built at first use, part by part, of data of a given size: it is complete after
a few seconds.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=warm-up|no-growth

from common import payload, serve

PARTS = 110
INDEX = {}


def part(number):
    key = number * 7 % PARTS
    if key not in INDEX:
        INDEX[key] = [payload(key * 1000 + i) for i in range(4)]
    return INDEX[key]


def handle(number):
    return part(number)


serve(handle, rate=55)
