# SPDX-License-Identifier: Apache-2.0
"""Garbage in reference cycles: it piles up until the collector runs, and then is gone."""
# expect: no-leak verdict=no-growth|cache

from common import payload, serve


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
    for _ in range(5):
        document.add(Element(number))


serve(handle, rate=60)
