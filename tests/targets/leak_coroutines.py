# SPDX-License-Identifier: Apache-2.0
"""Coroutines that are put aside to be awaited later, and never are."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: LATER\b" type="(collections\.)?deque"
# expect: cause="coroutines are kept"

import collections

from common import payload, serve

LATER = collections.deque()


async def send(record):
    return record["id"]


def handle(number):
    LATER.append(send(payload(number)))  # LEAK


serve(handle, rate=80)
