# SPDX-License-Identifier: Apache-2.0
"""A journal in a deque that was meant to have a maximal length."""
# expect: verdict=leak holder="module __main__: JOURNAL\b" type="(collections\.)?deque"
# expect: cause="deque without maxlen"

import collections

from common import payload, serve

JOURNAL = collections.deque()


def note(event, number):
    JOURNAL.append((event, payload(number)))  # LEAK


def last_event():
    return JOURNAL[-1][0] if JOURNAL else None


def handle(number):
    note("request", number)
    return last_event()


serve(handle, rate=90, threads=3, objects=12000)
