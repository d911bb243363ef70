# SPDX-License-Identifier: Apache-2.0
"""functools.lru_cache without a bound on a function whose argument is new in every request.

The cache is filled by C code that has no Python frame of its own, after the wrapped function has
returned: the innermost Python line of the store is the caller's.
"""
# expect: verdict=leak holder="\bquote\b" type="dict|lru_cache"
# expect: cause="lru_cache without a bound on quote\(\)"

import functools

from common import payload, serve


@functools.lru_cache(maxsize=None)
def quote(number):
    """Meant for a few hundred articles, called with request numbers."""
    return payload(number)


def total(number):
    record = quote(number)  # LEAK
    return len(record["path"]) + number


serve(total, rate=90, threads=3, objects=12000)
