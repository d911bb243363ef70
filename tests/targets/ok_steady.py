# SPDX-License-Identifier: Apache-2.0
"""Requests in three threads that keep nothing."""
# expect: no-leak verdict=no-growth

from common import payload, serve

STATISTICS = {"requests": 0, "seconds": 0.0}


def handle(number):
    record = payload(number)
    STATISTICS["requests"] += 1
    STATISTICS["seconds"] += record["timing"][0] * 1e-6


serve(handle, rate=90, threads=3, objects=12000)
