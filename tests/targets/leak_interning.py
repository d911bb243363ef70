# SPDX-License-Identifier: Apache-2.0
"""One copy of each string, as sys.intern() makes it, but the strings never repeat."""
# expect: verdict=leak holder="module __main__: CANONICAL\b" type=dict
# expect: cause="strings are interned"

from common import serve

CANONICAL = {}


def canonical(text):
    return CANONICAL.setdefault(text, text)  # LEAK


def handle(number):
    name = "customer/%d/%s" % (number, "n" * 150)
    return len(canonical(name))


serve(handle, rate=150)
