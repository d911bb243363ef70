# SPDX-License-Identifier: Apache-2.0
"""The collector was switched off to be fast; what is in cycles is never freed. Nobody holds it, and
no line stores it anywhere.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak cause="cyclic collector is off"

import gc

from common import payload, serve

gc.disable()


class Element:
    def __init__(self, number):
        self.record = payload(number)
        self.parent = None
        self.children = []

    def add(self, child):
        child.parent = self
        self.children.append(child)


def handle(number):
    document = Element(number)
    for _ in range(3):
        document.add(Element(number))


serve(handle, rate=60)
