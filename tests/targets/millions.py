# SPDX-License-Identifier: Apache-2.0
"""Ten million objects and then idleness, to measure what a walk over a large heap costs."""

import gc
import time

from common import LIFETIME_SECONDS, ready


def build():
    """Five objects a round: a list, a tuple, a float, an int, a str."""
    gc.disable()
    return [[(number * 0.5, number + 1000), str(number)] for number in range(2000000)]


KEPT = build()
ready()
time.sleep(LIFETIME_SECONDS)
