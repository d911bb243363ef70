# SPDX-License-Identifier: Apache-2.0
"""A list per thread in threading.local(): reachable only through each thread's own state."""
# expect: verdict=leak holder="\bhistory\b" type=list
# expect: cause="thread-local data"

import threading

from common import payload, serve

LOCAL = threading.local()


def calls_of_thread():
    if not hasattr(LOCAL, "history"):
        LOCAL.history = []
    return LOCAL.history


def handle(number):
    calls = calls_of_thread()
    calls.append(payload(number))  # LEAK
    return len(calls)


serve(handle, rate=90, threads=3, objects=12000)
