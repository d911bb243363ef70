# SPDX-License-Identifier: Apache-2.0
"""Objects of many types in known numbers, 64 MiB under one name, the program's own count of them, then
idleness.

Prints READY, and then one line of JSON:
	tracked		objects of each type that the cyclic collector tracks
	bytes		sys.getsizeof() of those, summed up by type
	untracked	[objects, bytes] of types that the collector does not track
	attributes	instances' attributes, of types that all have as many
"""

import array
import collections
import functools
import gc
import json
import sys
import time

from common import LIFETIME_SECONDS

ROUNDS = 3000
HELD = [bytes(1 << 20) for _ in range(64)]


class Plain:
    def __init__(self, number):
        self.number = number
        self.name = "name %d" % number


class Many:
    def __init__(self, number):
        for each in range(12):
            setattr(self, "attribute_%d" % each, number)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Folded(dict):
    pass


class Listed(list):
    pass


class Text(str):
    pass


class Number(int):
    pass


Point = collections.namedtuple("Point", "x y")


def values(number):
    yield number
    yield -number


def started(generator):
    next(generator)
    return generator


def counter(number):
    def count():
        return number

    return count


@functools.lru_cache(maxsize=None)
def remembered(number):
    return [number]


def build(number):
    text = "text %d" % number
    plain = Plain(number)
    grown = []
    for each in range(number % 40):
        grown.append(each)
    emptied = dict.fromkeys(range(number % 30))
    emptied.clear()
    remembered(number)
    read = Plain(number)
    vars(read)["more"] = text
    return (
        [text, float(number) + 0.25, (number + 10) << 70, b"bytes %d" % number, complex(number, 1)],
        grown, emptied, plain, read, Many(number), Slotted(plain, text),
        {"key": text, number: [number]},
        {"key": text, "other": plain},
        dict.fromkeys(range(number % 50)),
        {text, number + 0.5},
        set(range(number % 70)),
        frozenset((text, plain)),
        Folded(number=plain), Listed(grown), Text(text), Number(number + 1000),
        Point(plain, text),
        "\u00e9 %d" % number, "\u4e2d %d" % number, "\U0001f40d %d" % number,
        counter(number), plain.__init__, started(values(number)),
        collections.deque([plain] * (number % 150)),
        collections.defaultdict(list, {number: grown}),
        ValueError(text, plain),
        bytearray(text, "ascii"),
        array.array("d", range(number % 9)),
        functools.partial(values, number),
        slice(number, plain),
        range(number, number + 5000),
        memoryview(b"bytes %d" % number),
        type("Made%d" % (number // 1000), (Plain,), {}) if number % 1000 == 0 else None,
    )


def name_of(kind):
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return "%s.%s" % (kind.__module__, kind.__qualname__)


def untracked(kept):
    """What is only reached through what is kept."""
    seen, found, sums = set(), list(kept), {}
    while found:
        each = found.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if gc.is_tracked(each) and isinstance(each, (tuple, list, dict, set, frozenset)):
            found.extend(gc.get_referents(each))
        if type(each) in (float, complex, bytearray, range):
            entry = sums.setdefault(name_of(type(each)), [0, 0])
            entry[0] += 1
            entry[1] += sys.getsizeof(each)
    return sums


def main():
    kept = [build(number) for number in range(ROUNDS)]
    gc.collect()
    gc.unfreeze()
    gc.disable()
    tracked, size = collections.Counter(), collections.Counter()
    for each in gc.get_objects():
        name = name_of(type(each))
        tracked[name] += 1
        size[name] += sys.getsizeof(each)
    line = json.dumps({"tracked": tracked, "bytes": size, "untracked": untracked(kept),
                       "attributes": {"__main__.Many": 12}})
    print("READY", flush=True)
    print(line, flush=True)
    time.sleep(LIFETIME_SECONDS)
    return len(kept)


main()
