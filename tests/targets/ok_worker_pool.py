# SPDX-License-Identifier: Apache-2.0
"""A pool that starts a worker for each job while they are not enough: each brings its own
tables, and then no more come.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=warm-up

import queue
import threading

from common import payload, serve

JOBS = queue.Queue()
TABLES = {}
WORKERS_MOST = 60


def work(name):
    TABLES[name] = [payload(number) for number in range(60)]
    while True:
        JOBS.get()()


def submit(job):
    if len(TABLES) < WORKERS_MOST:
        threading.Thread(target=work, args=(len(TABLES),), daemon=True).start()
    JOBS.put(job)


def handle(number):
    submit(lambda: payload(number))


serve(handle, rate=18)
