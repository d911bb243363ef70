# SPDX-License-Identifier: Apache-2.0
"""Cursors that are read and kept: each holds its statement and its last rows."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: CURSORS\b" type=list
# expect: cause="sqlite3 cursors"

import sqlite3

from common import serve

CONNECTION = sqlite3.connect(":memory:", check_same_thread=False)
CURSORS = []


def query(number):
    cursor = CONNECTION.cursor()
    cursor.execute("select ?, ?", (number, "row %d" % number))
    CURSORS.append(cursor)  # LEAK
    return cursor.fetchone()


def handle(number):
    query(number)


serve(handle, rate=60)
