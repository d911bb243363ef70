# SPDX-License-Identifier: Apache-2.0
"""Makes garbage of known types in a known proportion, mixed by chance: 3 Nodes to 1 Leaf, 2 lists."""
import random
import time


class Node:
    __slots__ = ("me",)

    def __init__(self):
        self.me = self


class Leaf(Node):
    __slots__ = ()


def main():
    print("READY", flush=True)
    end = time.monotonic() + 60
    chance = random.Random(1)
    while time.monotonic() < end:
        for _ in range(1000):
            if chance.random() < 0.75:
                Node()
            else:
                Leaf()
            if chance.random() < 0.5:
                around = []
                around.append(around)
        time.sleep(0.002)


main()
