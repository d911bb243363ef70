# SPDX-License-Identifier: Apache-2.0
"""One KiB a second is kept, under a hundred MB a second that come and go."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: AUDITED\b" type=dict
# expect: cause="dict that only gets new keys, of type int"

import threading
import time

from common import END, ready

AUDITED = {}
BYTES_A_SECOND = 100000000


def churn():
    kept = [b""] * 50
    begin, done = time.monotonic(), 0
    while time.monotonic() < END:
        for each in range(1000):
            kept[each % 50] = bytes(3000 + each)
            done += 3000 + each
        time.sleep(max(0, begin + done / BYTES_A_SECOND - time.monotonic()))


def audit():
    number = 0
    begin = time.monotonic()
    while time.monotonic() < END:
        AUDITED[number] = "request %d %s" % (number, "a" * 90)  # LEAK
        number += 1
        time.sleep(max(0, begin + number / 5.5 - time.monotonic()))


threading.Thread(target=churn, daemon=True).start()
ready()
audit()
