# SPDX-License-Identifier: Apache-2.0
"""itertools.tee: one branch is read, the other is forgotten and must keep every item.

The items live in a chain of C blocks of 57; the line on the stack is the reader's.
"""
# expect: verdict=leak holder="module __main__: (READER|FORGOTTEN)\b"
# expect: cause="itertools.tee"

import itertools

from common import payload, serve


def records():
    for number in itertools.count(1000):
        yield payload(number)


READER, FORGOTTEN = itertools.tee(records())


def handle(number):
    record = next(READER)  # LEAK
    return record["id"] + number


serve(handle, rate=150)
