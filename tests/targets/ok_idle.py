# SPDX-License-Identifier: Apache-2.0
"""A process that does nothing at all."""
# expect: no-leak verdict=no-growth

import time

from common import LIFETIME_SECONDS, payload, ready

CONFIGURATION = [payload(number) for number in range(1000)]

ready()
time.sleep(LIFETIME_SECONDS)
