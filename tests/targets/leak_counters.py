# SPDX-License-Identifier: Apache-2.0
"""Counters by request: a dictionary of dictionaries keyed by something that never comes again."""
# expect: verdict=leak holder="module __main__: COUNTERS\b(?!\[)" type=dict
# expect: cause="dict that only gets new keys, of type str"

from common import serve

COUNTERS = {}


def counters_of(request_id):
    if request_id not in COUNTERS:
        COUNTERS[request_id] = {"reads": 0, "writes": 0.5}  # LEAK
    return COUNTERS[request_id]


def handle(number):
    counters = counters_of("request-%d" % number)
    counters["reads"] += 1
    counters["writes"] += number * 0.5


serve(handle, rate=90, threads=3, objects=12000)
