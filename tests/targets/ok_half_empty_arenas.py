# SPDX-License-Identifier: Apache-2.0
"""Ever larger jobs of small objects, of which two hundred are kept until the next job: no arena
becomes free, though most of each is.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=fragmentation

import time

from common import LIFETIME_SECONDS, ready

OBJECTS_MORE = 15000
SAMPLE = []


def job(objects):
    global SAMPLE
    rows = [b"row %d of %d" % (number, objects) for number in range(objects)]
    SAMPLE = rows[:: objects // 200]


ready()
for round in range(LIFETIME_SECONDS):
    job(20000 + OBJECTS_MORE * (round % 60))
    time.sleep(1.0)
