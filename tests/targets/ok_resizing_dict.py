# SPDX-License-Identifier: Apache-2.0
"""A dictionary whose keys change all the time: its table is rebuilt, its length is constant."""
# expect: no-leak verdict=cache|no-growth

from common import payload, serve

JOBS = {number: payload(number) for number in range(-500, 0)}


def handle(number):
    JOBS.pop(min(JOBS))
    JOBS[number] = payload(number)
    if number % 50 == 0:
        current = dict(JOBS)
        JOBS.clear()
        JOBS.update(current)


serve(handle, rate=100)
