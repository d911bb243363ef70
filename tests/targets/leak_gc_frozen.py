# SPDX-License-Identifier: Apache-2.0
"""gc.freeze(), meant for the moment before a fork, in every request: what is in cycles then is never
looked at by the collector again. Nobody holds it.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak cause="gc.freeze"

import gc

from common import payload, serve


class Element:
    def __init__(self, number):
        self.record = payload(number)
        self.me = self


def handle(number):
    Element(number)
    gc.freeze()


serve(handle, rate=100)
