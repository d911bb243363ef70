# SPDX-License-Identifier: Apache-2.0
"""A class derived from dict, with its own __setitem__: the type that grows is a person's own."""
# expect: verdict=leak holder="module __main__: PROFILES\b" type="(__main__\.)?FoldedDict"
# expect: cause="FoldedDict that only gets new keys, of type str"

from common import payload, serve


class FoldedDict(dict):
    """Keys without regard to case."""

    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)  # LEAK

    def __getitem__(self, key):
        return super().__getitem__(key.lower())


PROFILES = FoldedDict()


def handle(number):
    PROFILES["User-%d" % number] = payload(number)
    return PROFILES["USER-%d" % number]


serve(handle, rate=90, threads=3, objects=12000)
