# SPDX-License-Identifier: Apache-2.0
"""A list that is a local variable of a function that never returns: only a frame holds it."""
# expect: verdict=leak holder="\bconsume\b.*\bbacklog\b" type=list
# expect: cause="local variable of consume\(\)"

import threading

from common import churn, pace, payload, ready


def consume(rate):
    backlog = []
    for number in pace(rate):
        backlog.append(payload(number))  # LEAK
        churn(12000)


ready()
workers = [threading.Thread(target=consume, args=(30,), daemon=True) for _ in range(3)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
