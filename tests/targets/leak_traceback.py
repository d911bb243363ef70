# SPDX-License-Identifier: Apache-2.0
"""Exceptions kept for a report that nobody reads: each holds its traceback, the frames of the
request, and every local variable in them. What is held is mostly not what line stores it.
"""
# expect: verdict=leak holder="module __main__: ERRORS\b" type=list
# expect: cause="tracebacks are kept"

from common import payload, serve

ERRORS = []


def parse(record):
    fields = {name: str(value) for name, value in record.items()}
    return int(fields["agent"])


def attempt(record):
    history = [record["path"]] * 4
    parse(record)
    return history


def handle(number):
    record = payload(number)
    try:
        attempt(record)
    except ValueError as error:
        ERRORS.append(error)  # LEAK


serve(handle, rate=45, threads=3, objects=12000)
