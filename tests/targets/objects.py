# SPDX-License-Identifier: Apache-2.0
"""About two million blocks of every common kind, the program's own count of them, then idleness.

Prints READY, and then one line of JSON: the allocated blocks, and how many objects of each type the
cyclic collector tracks. What is alive while it counts is a handful more than after.
"""

import collections
import gc
import json
import sys
import time

from common import LIFETIME_SECONDS

ROUNDS = 60000


class Plain:
    def __init__(self, number):
        self.number = number
        self.name = "name %d" % number


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Folded(dict):
    pass


def values(number):
    yield number
    yield -number


def counter(number):
    def count():
        return number

    return count


def started(generator):
    next(generator)
    return generator


def build(number):
    """Some thirty blocks in objects of twenty types.

    Blocks over 512 bytes, which sys.getallocatedblocks() counts and pools do not hold, are few:
    the deques'.
    """
    text = "text %d" % number
    plain = Plain(number)
    return (
        [text, float(number), number << 70, b"bytes %d" % number],
        {"key": text, number: [number]},
        {text, number + 0.5},
        frozenset((text, plain)),
        plain,
        Slotted(plain, text),
        Folded(number=plain),
        counter(number),
        plain.__init__,
        started(values(number)),
        collections.OrderedDict(a=plain) if number % 500 == 0 else None,
        collections.deque([plain], 4) if number % 500 == 0 else None,
        ValueError(text, plain),
        bytearray(text, "ascii"),
    )


def count_types():
    counts = collections.Counter()
    for each in gc.get_objects():
        counts[type(each).__name__] += 1
    return dict(counts)


def main():
    kept = [build(number) for number in range(ROUNDS)]
    gc.collect()
    gc.unfreeze()  # 3.12's collections hide immortal tuples from gc.get_objects() in there
    gc.disable()  # a collection after counting would untrack tuples and dictionaries
    types = count_types()
    blocks = sys.getallocatedblocks()
    print("READY", flush=True)
    print(json.dumps({"blocks": blocks, "types": types}), flush=True)
    time.sleep(LIFETIME_SECONDS)
    return len(kept)


main()
