# SPDX-License-Identifier: Apache-2.0
"""Every request registers its clean-up with atexit: it runs once, when the process ends, and holds what
it will be called with until then.
"""
# runs: 3.14
# expect: verdict=leak holder="."
# expect: cause="atexit"

import atexit

from common import payload, serve


def close(record):
    record.clear()


def handle(number):
    atexit.register(close, payload(number))  # LEAK


serve(handle, rate=100)
