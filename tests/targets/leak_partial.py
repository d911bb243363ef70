# SPDX-License-Identifier: Apache-2.0
"""functools.partial objects registered as clean-up work that is never run."""
# expect: verdict=leak holder="module __main__: CLEANUPS\b" type=list
# expect: cause="functools.partial"

import functools

from common import payload, serve

CLEANUPS = []


def release(record, reason):
    record["released"] = reason


def at_shutdown(function, *args, **kwargs):
    CLEANUPS.append(functools.partial(function, *args, **kwargs))  # LEAK


def handle(number):
    at_shutdown(release, payload(number), reason="shutdown %d" % number)


serve(handle, rate=80)
