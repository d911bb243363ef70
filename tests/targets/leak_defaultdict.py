# SPDX-License-Identifier: Apache-2.0
"""defaultdict(list): the number of keys is constant, every list grows."""
# expect: verdict=leak holder="module __main__: EVENTS_BY_SHARD\[" type=list
# expect: cause="a list .* appended to"

import collections

from common import payload, serve

SHARDS = 12
EVENTS_BY_SHARD = collections.defaultdict(list)


def shard_of(number):
    return "shard-%d" % (number * 7919 % SHARDS)


def handle(number):
    EVENTS_BY_SHARD[shard_of(number)].append(payload(number))  # LEAK


serve(handle, rate=120, threads=3, objects=12000)
