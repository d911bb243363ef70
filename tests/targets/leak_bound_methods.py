# SPDX-License-Identifier: Apache-2.0
"""Bound methods subscribed to a bus: each keeps its object alive and is never unsubscribed."""
# expect: verdict=leak holder="module __main__: BUS\.listeners\b" type=list
# expect: cause="bound methods"

from common import payload, serve


class Bus:
    def __init__(self):
        self.listeners = []

    def subscribe(self, listener):
        self.listeners.append(listener)  # LEAK


class Widget:
    def __init__(self, number):
        self.record = payload(number)

    def on_change(self, value):
        self.record["value"] = value


BUS = Bus()


def handle(number):
    BUS.subscribe(Widget(number).on_change)


serve(handle, rate=90, threads=3, objects=12000)
