# SPDX-License-Identifier: Apache-2.0
"""Slices of received packets kept as memoryviews: each small slice pins its whole packet."""
# expect: verdict=leak holder="module __main__: HEADERS\b" type=list
# expect: cause="memoryviews are kept"

from common import serve

HEADERS = []


def receive(number):
    return bytearray(b"%08d" % number + bytes(700))


def handle(number):
    packet = receive(number)
    HEADERS.append(memoryview(packet)[:8])  # LEAK


serve(handle, rate=80)
