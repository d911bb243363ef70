# SPDX-License-Identifier: Apache-2.0
"""A C library that works with many buffers, more each time, and forgets the six thousand bytes of its
result, which it made before it freed them. Nobody in Python holds any of it.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=fragmentation

import time

from common import LIFETIME_SECONDS, ready
from pinning import work

ready()
for number in range(2 * LIFETIME_SECONDS):
    work(buffers=200 + 10 * (number % 200))
    time.sleep(0.5)
