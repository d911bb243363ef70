# SPDX-License-Identifier: Apache-2.0
"""One bytearray that is extended for ever: no object is added, one object grows."""
# expect: verdict=leak holder="module __main__: TRANSCRIPT\b" type=bytearray
# expect: cause="bytearray"

from common import serve

TRANSCRIPT = bytearray()


def write_line(number):
    line = b"%d GET /shop/items/%d HTTP/1.1 200 %s\n" % (number, number % 977, b"x" * 450)
    TRANSCRIPT.extend(line)  # LEAK


def handle(number):
    write_line(number)


serve(handle, rate=120)
