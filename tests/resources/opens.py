# SPDX-License-Identifier: Apache-2.0
# usage: opens.py PAIRS_A_SECOND [FRAMES]
#
# Opens and closes files that often, in batches of a hundredth of a second; 0: as often as it can; so many frames deep.
# `numbers` on standard input prints pairs so far, processor time, and 0.
import os
import sys
import threading
import time

BATCH = 500
rate = int(sys.argv[1])
frames = int(sys.argv[2]) if len(sys.argv) > 2 else 2
pairs = 0


def obey():
    for _ in sys.stdin:
        print("%d %.6f 0" % (pairs, time.process_time()), flush=True)


def work(count, deeper):
    if deeper:
        work(count, deeper - 1)
        return
    for _ in range(count):
        os.close(os.open("/dev/null", os.O_RDONLY))


threading.Thread(target=obey, daemon=True).start()
print("READY", flush=True)
due = time.monotonic()
while True:
    count = rate // 100 or BATCH
    work(count, frames - 2)
    pairs += count
    if rate:
        due = max(due + 0.01, time.monotonic() - 0.1)
        time.sleep(max(0, due - time.monotonic()))
