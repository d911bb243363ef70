# SPDX-License-Identifier: Apache-2.0
"""A cache that should forget its oldest entry; the bound is compared with the wrong number."""
# expect: verdict=leak holder="module __main__: RECENT\b" type="(collections\.)?OrderedDict"
# expect: cause="OrderedDict that only gets new keys, of type int"

import collections

from common import payload, serve

RECENT = collections.OrderedDict()
MAX_AGE_SECONDS = 3600


def remember(number):
    RECENT[number] = payload(number)  # LEAK
    if len(RECENT) > MAX_AGE_SECONDS * 1000:
        RECENT.popitem(last=False)


def handle(number):
    remember(number)


serve(handle, rate=100)
