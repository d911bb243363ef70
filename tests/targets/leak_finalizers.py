# SPDX-License-Identifier: Apache-2.0
"""weakref.finalize() for an object that stays: each callback has arguments of its own."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module weakref: finalize\._registry\b" type=dict
# expect: cause="weakref.finalize"

import weakref

from common import payload, serve


class Connection:
    pass


FOREVER = Connection()


def close(record):
    record["closed"] = True


def handle(number):
    weakref.finalize(FOREVER, close, payload(number))


serve(handle, rate=80)
