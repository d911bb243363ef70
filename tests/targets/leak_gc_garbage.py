# SPDX-License-Identifier: Apache-2.0
"""gc.DEBUG_SAVEALL left in from a search for a leak: the collector keeps all that it finds."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module gc: garbage\b" type=list
# expect: cause="gc.garbage"

import gc

from common import payload, serve

gc.set_debug(gc.DEBUG_SAVEALL)
gc.set_threshold(200, 5, 5)


class Element:
    def __init__(self, number):
        self.record = payload(number)
        self.me = self


def handle(number):
    Element(number)
    if number % 10 == 0:
        gc.collect()


serve(handle, rate=60)
