# SPDX-License-Identifier: Apache-2.0
"""Tokens seen so far, to refuse a second use; none ever expires."""
# expect: verdict=leak holder="module __main__: SEEN_TOKENS\b" type=set
# expect: cause="a set .* of type str"

from common import serve

SEEN_TOKENS = set()


def token(number):
    return "%032x-%s" % (number * 2654435761, "t" * 120)


def first_use(value):
    if value in SEEN_TOKENS:
        return False
    SEEN_TOKENS.add(value)  # LEAK
    return True


def handle(number):
    return first_use(token(number))


serve(handle, rate=150)
