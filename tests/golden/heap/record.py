# SPDX-License-Identifier: Apache-2.0
"""
Record a pool and dict keys out of this interpreter's own memory, and what Python itself says of them, for t_pymalloc.c
and t_dictkeys.c:

    pythonX.Y record.py >3_Y.txt

    pool ADDRESS POOL_SIZE BLOCK_SIZE LIVE,LIVE,...     blocks that hold objects, by number
    keys ADDRESS MINOR NAME KEY:VALUE,KEY:VALUE,...     addresses; VALUE is 0 where the table is split
    OFFSET WORD                                         of the one before: a word that is not zero, hexadecimal

Of a pool's blocks only the first two words are kept: objects' reference count and type, or the next free block.
"""
import ctypes
import random
import sys

MINOR = sys.version_info[1]
POOL_SIZE = 16384 if MINOR >= 10 else 4096
POOL_HEADER = 48
BLOCK_SIZE = 336
DICT_KEYS = 32  # offset of ma_keys, 3.8 to 3.15


def words(address, offsets):
    for offset in offsets:
        value = ctypes.c_uint64.from_address(address + offset).value
        if value:
            print("%x %x" % (offset, value))


def pool():
    held = [bytes(BLOCK_SIZE - 36) for _ in range(600)]
    victims = list(range(200, 400))
    random.Random(MINOR).shuffle(victims)
    for index in victims[:80]:
        held[index] = None
    addresses = [id(one) for one in held if one is not None]
    base = id(held[victims[-1]]) & ~(POOL_SIZE - 1)
    live = sorted((a - base - POOL_HEADER) // BLOCK_SIZE for a in addresses if base <= a < base + POOL_SIZE)
    print("pool %x %d %d %s" % (base, POOL_SIZE, BLOCK_SIZE, ",".join(map(str, live))))
    fit = (POOL_SIZE - POOL_HEADER) // BLOCK_SIZE
    blocks = [POOL_HEADER + i * BLOCK_SIZE + o for i in range(fit) for o in (0, 8)]
    words(base, list(range(0, POOL_HEADER, 8)) + blocks)


def keys(name, holder, split=False):
    table = ctypes.c_uint64.from_address(id(holder) + DICT_KEYS).value
    pairs = ["%x:%x" % (id(k), 0 if split else id(v)) for k, v in holder.items()]
    print("keys %x %d %s %s" % (table, MINOR, name, ",".join(pairs)))
    slots = 8
    while slots * 2 // 3 < len(holder) + 3:
        slots *= 2
    size = 40 + slots * (1 if slots < 256 else 2) + (len(holder) + 2) * 24  # two are deleted
    words(table, range(0, size, 8))


class Plain:
    pass


def main():
    pool()
    text = {"key%d" % i: i for i in range(5)}
    numbers = {i: str(i) for i in range(1000, 1010)}
    mixed = {"a": 1, 2: "b", (3,): None}
    gone = {"key%d" % i: i for i in range(6)}
    del gone["key1"], gone["key4"]
    wide = {"wide%d" % i: i for i in range(175)}
    one, two = Plain(), Plain()
    one.first, one.second = 1, 2
    two.first, two.second = 3, 4
    for name, holder in ("text", text), ("numbers", numbers), ("mixed", mixed), ("gone", gone), ("wide", wide):
        keys(name, holder)
    keys("split", vars(two), split=ctypes.c_uint64.from_address(id(vars(two)) + DICT_KEYS + 8).value != 0)


main()
