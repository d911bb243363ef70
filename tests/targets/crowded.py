# SPDX-License-Identifier: Apache-2.0
"""What is large in another way than live objects: `threads` is a thousand idle threads, `reserved` 40 GiB of address
space, `restless` threads that map, unmap and allocate as fast as they can. Beside it, a plain leak."""

import mmap
import sys
import threading
import time

from common import END, ready

HELD = []
MAP_NORESERVE = 0x4000


def idle():
    time.sleep(END - time.monotonic())


def mappings():
    kept = []
    while True:
        kept.append(mmap.mmap(-1, 1 << 20))
        kept[-1][:4096] = b"z" * 4096
        if len(kept) > 200:
            del kept[:100]


def objects():
    while True:
        [{"a": number, "b": [number]} for number in range(200000)]


def large():
    while True:
        [bytes(700 + number % 3000) for number in range(20000)]


def start(*works):
    for work in works:
        threading.Thread(target=work, daemon=True).start()


def main():
    threading.stack_size(256 * 1024)
    kept = []
    if sys.argv[1] == "threads":
        start(*[idle] * 1000)
    elif sys.argv[1] == "reserved":
        kept.append(mmap.mmap(-1, 40 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE))
        kept.append(["%d" % number * 10 for number in range(900000)])
    else:
        kept.append(["%d" % number * 10 for number in range(1000000)])
        start(mappings, objects, large)
    ready()
    while time.monotonic() < END:
        HELD.extend("leak %d" % len(HELD) * 20 for _ in range(50))  # LEAK
        time.sleep(0.02)


main()
