# SPDX-License-Identifier: Apache-2.0
# usage: allocates.py loop|step|requests
#
# Works without a pause: does nothing but allocate and free; or computes most of the time, and allocates
# in between; or does what serving requests takes. Obeys lines on standard input: `numbers` prints
# rounds, processor time, and 0; `step` makes it allocate ten times as much, `back` as it was.
import hashlib
import json
import sys
import threading
import time

BLOCK = bytes(1 << 20)

rounds = 0
factor = 1


def allocate():
    for _ in range(10):
        [bytes(1000 + i) for i in range(20)]


def request():
    rows = [{"id": 1000 + i, "name": "row-%d" % i, "price": i * 0.25, "tags": [str(i), str(-i)]}
            for i in range(125)]
    json.loads(json.dumps(rows))


def work():
    global rounds
    one()
    rounds += 1


def obey():
    global factor
    for line in sys.stdin:
        if line.strip() == "numbers":
            print("%d %.6f 0" % (rounds, time.process_time()), flush=True)
        else:
            factor = 10 if line.strip() == "step" else 1


def compute():
    """Takes ten times as long as allocate(), and allocates nothing to speak of."""
    hashlib.sha256(BLOCK)


one = request if sys.argv[1] == "requests" else allocate
threading.Thread(target=obey, daemon=True).start()
print("READY", flush=True)
while True:
    for _ in range(factor):
        work()
    if sys.argv[1] == "step":
        compute()
