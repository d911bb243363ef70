# SPDX-License-Identifier: Apache-2.0
"""Failures by job, without their tracebacks; each keeps the exception it was raised from."""
# expect: verdict=leak holder="module __main__: FAILURES\b" type=dict
# expect: cause="exceptions are kept, each with the one it was raised from"

from common import payload, serve

FAILURES = {}


class JobFailed(Exception):
    pass


class BadRecord(Exception):
    def __init__(self, record):
        super().__init__("bad record", record)
        self.record = record


def run_job(number):
    try:
        raise BadRecord(payload(number))
    except BadRecord as error:
        error.__traceback__ = None
        raise JobFailed(number) from error


def handle(number):
    try:
        run_job(number)
    except JobFailed as failure:
        FAILURES[number] = failure.with_traceback(None)  # LEAK


serve(handle, rate=80)
