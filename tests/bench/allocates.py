# SPDX-License-Identifier: Apache-2.0
# usage: allocates.py loop|step
#
# Does nothing but allocate and free: without a pause, or a little in each hundredth of a second. Obeys
# lines on standard input: `numbers` prints rounds, processor time, and 0; `step` makes it ten times as
# much, `back` as it was.
import sys
import threading
import time

rounds = 0
factor = 1


def work():
    global rounds
    for _ in range(100):
        [bytes(1000 + i) for i in range(20)]
    rounds += 1


def obey():
    global factor
    for line in sys.stdin:
        if line.strip() == "numbers":
            print("%d %.6f 0" % (rounds, time.process_time()), flush=True)
        else:
            factor = 10 if line.strip() == "step" else 1


threading.Thread(target=obey, daemon=True).start()
print("READY", flush=True)
while True:
    for _ in range(factor):
        work()
    if sys.argv[1] == "step":
        time.sleep(0.01)
