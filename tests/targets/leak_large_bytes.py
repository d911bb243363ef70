# SPDX-License-Identifier: Apache-2.0
"""Bodies over 512 bytes: they live in the C library's heap, only their list in CPython's."""
# expect: verdict=leak holder="module __main__: BODIES\b" type=list
# expect: cause="elements of type bytes"

from common import serve

BODIES = []


def read_body(number):
    return b"body %d " % number + bytes(1500)


def handle(number):
    body = read_body(number)
    BODIES.append(body)  # LEAK
    return len(body)


serve(handle, rate=45, threads=3, objects=12000)
