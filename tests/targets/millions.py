# SPDX-License-Identifier: Apache-2.0
"""Ten million objects, or five times the first argument, and then idleness, to measure what a walk
over a large heap costs.
"""

import gc
import sys
import time

from common import LIFETIME_SECONDS, ready


def build(rounds):
    """Five objects a round: a list, a tuple, a float, an int, a str."""
    gc.disable()
    return [[(number * 0.5, number + 1000), str(number)] for number in range(rounds)]


KEPT = build(int(sys.argv[1]) if len(sys.argv) > 1 else 2000000)
ready()
time.sleep(LIFETIME_SECONDS)
