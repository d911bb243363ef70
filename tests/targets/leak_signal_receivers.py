# SPDX-License-Identifier: Apache-2.0
"""Receivers of a signal, a new function for each request, as (identity, function) pairs."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: SAVED\.receivers\b" type=list
# expect: cause="callbacks are registered and never removed, such as .*receiver"

from common import payload, serve


class Signal:
    def __init__(self):
        self.receivers = []

    def connect(self, receiver):
        self.receivers.append((id(receiver), receiver))  # LEAK


SAVED = Signal()


def handle(number):
    record = payload(number)

    def receiver(sender):
        return record, sender

    SAVED.connect(receiver)


serve(handle, rate=80)
