# SPDX-License-Identifier: Apache-2.0
"""A batch that is collected for two seconds, then written and cleared, again and again."""
# expect: no-leak verdict=cache|no-growth

from common import payload, serve

BATCH = []
BATCH_SIZE = 200


def flush():
    written = sum(len(record["path"]) for record in BATCH)
    BATCH.clear()
    return written


def handle(number):
    BATCH.append(payload(number))
    if len(BATCH) >= BATCH_SIZE:
        flush()


serve(handle, rate=100)
