# SPDX-License-Identifier: Apache-2.0
"""A thread for each request that lives a few milliseconds, and what it keeps stays after it."""
# runs: 3.11 3.14
# expect: verdict=leak holder="module __main__: BASKETS\b" type=dict
# expect: cause="dict that only gets new keys"

import threading

from common import payload, serve

BASKETS = {}


def answer(number):
    BASKETS[number] = payload(number)  # LEAK


def handle(number):
    threading.Thread(target=answer, args=(number,), daemon=True).start()


serve(handle, rate=80)
