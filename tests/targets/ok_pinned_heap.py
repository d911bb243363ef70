# SPDX-License-Identifier: Apache-2.0
"""Ever larger jobs whose rows live in malloc's heap. While the rows are there a record is made that
stays until the next: it pins the top of the heap, and what was freed below it is not given back.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=fragmentation

import time

from common import LIFETIME_SECONDS, ready

ROWS_MORE = 1500
LAST = [b""]


def job(rows):
    table = [bytes([rows % 251]) * 1000 for _ in range(rows)]
    LAST[0] = b"%d" % len(table) + bytes(5000)
    del table


ready()
for round in range(LIFETIME_SECONDS):
    job(2000 + ROWS_MORE * (round % 60))
    time.sleep(1.0)
