# SPDX-License-Identifier: Apache-2.0
"""Objects with __slots__, held by an object with __slots__: no instance dictionary anywhere."""
# expect: verdict=leak holder="module __main__: INDEX\.points\b" type=list
# expect: cause="a list .* of type __main__\.Point"

from common import serve


class Point:
    __slots__ = ("x", "y", "label")

    def __init__(self, number):
        self.x = number * 0.5
        self.y = number * 0.25
        self.label = "point %d %s" % (number, "." * 80)


class Index:
    __slots__ = ("name", "points")

    def __init__(self, name):
        self.name = name
        self.points = []

    def insert(self, point):
        self.points.append(point)  # LEAK


INDEX = Index("europe")


def handle(number):
    INDEX.insert(Point(number))


serve(handle, rate=150)
