# SPDX-License-Identifier: Apache-2.0
"""Sessions that expire after two seconds: their number is steady, each lives for a while."""
# expect: no-leak verdict=cache|no-growth

import time

from common import payload, serve

SESSIONS = {}
LIFETIME_OF_SESSION = 2.0


def expire(now):
    while SESSIONS:
        oldest = next(iter(SESSIONS))
        if SESSIONS[oldest]["seen"] > now - LIFETIME_OF_SESSION:
            return
        del SESSIONS[oldest]


def open_session(number, now):
    session = payload(number)
    session["seen"] = now
    SESSIONS[number] = session


def handle(number):
    now = time.monotonic()
    expire(now)
    open_session(number, now)


serve(handle, rate=100)
