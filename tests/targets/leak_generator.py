# SPDX-License-Identifier: Apache-2.0
"""Generators that are started, kept, and never run to their end or closed: each holds its frame."""
# expect: verdict=leak holder="module __main__: STREAMS\b" type=list
# expect: cause="generators"

from common import payload, serve

STREAMS = []


def stream(number):
    record = payload(number)
    buffered = [record["user"], record["path"]]
    for part in buffered:
        yield part


def open_stream(number):
    parts = stream(number)
    STREAMS.append(parts)  # LEAK
    return next(parts)


def handle(number):
    return open_stream(number)


serve(handle, rate=100)
