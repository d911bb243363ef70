# SPDX-License-Identifier: Apache-2.0
"""A queue.Queue that is filled and never drained: its consumer was switched off.

The store happens in queue.py; the line that a person has to change is the caller's.
"""
# expect: verdict=leak holder="module __main__: AUDIT_QUEUE\.queue\b" type="(collections\.)?deque"
# expect: cause="queue\.Queue is filled"

import queue

from common import payload, serve

AUDIT_QUEUE = queue.Queue()


def audit(number):
    AUDIT_QUEUE.put(payload(number))  # LEAK


def handle(number):
    audit(number)
    return AUDIT_QUEUE.qsize()


serve(handle, rate=90, threads=3, objects=12000)
