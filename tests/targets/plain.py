# SPDX-License-Identifier: Apache-2.0
"""A plain leak of about 100 KiB a second, to measure how long the answer takes."""

from common import payload, serve

ROWS = []


def handle(number):
    ROWS.append(payload(number))  # LEAK


serve(handle, rate=145)
