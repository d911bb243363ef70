# SPDX-License-Identifier: Apache-2.0
"""Weak references with callbacks, kept in a list: the objects go, the references stay."""
# expect: verdict=leak holder="module __main__: WATCHERS\b" type=list

import weakref

from common import serve

WATCHERS = []


class Connection:
    def __init__(self, number):
        self.number = number


def watch(connection):
    name = "connection %d %s" % (connection.number, "-" * 60)

    def gone(reference):
        return name, reference

    WATCHERS.append(weakref.ref(connection, gone))  # LEAK


def handle(number):
    watch(Connection(number))


serve(handle, rate=100)
