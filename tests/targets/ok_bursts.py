# SPDX-License-Identifier: Apache-2.0
"""Fifty megabytes are built, used and given back, every two seconds."""
# expect: no-leak verdict=no-growth

import time

from common import LIFETIME_SECONDS, ready


def burst():
    rows = [("row %d" % i, i * 0.5) for i in range(250000)]
    blob = bytearray(20 << 20)
    time.sleep(0.5)
    return len(rows) + len(blob)


ready()
for _ in range(LIFETIME_SECONDS // 2):
    begin = time.monotonic()
    burst()
    time.sleep(max(0.0, begin + 2.0 - time.monotonic()))
