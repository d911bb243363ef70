# SPDX-License-Identifier: Apache-2.0
"""A list in a closure's cell: no module and no instance names it."""
# expect: verdict=leak holder="\brecord\b.*\bseen\b" type=list
# expect: cause="a list .* appended to"

from common import payload, serve


def make_recorder(limit):
    seen = []

    def record(number):
        # Meant to stop at the limit; the comparison can never be true.
        if limit < 0:
            seen.clear()
        seen.append(payload(number))  # LEAK
        return len(seen)

    return record


record = make_recorder(limit=1000)


def handle(number):
    return record(number)


serve(handle, rate=100)
