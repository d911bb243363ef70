# SPDX-License-Identifier: Apache-2.0
"""Weak references with callbacks, kept in a list: the objects go, the references stay."""
# expect: verdict=leak holder="module __main__: WATCHERS\b" type=list
# expect: cause="weak references are kept after"

import weakref

from common import serve

WATCHERS = []


class Connection:
    def __init__(self, number):
        self.number = number


class NamedReference(weakref.ref):
    """A reference that can still say whose it was, as weakref.KeyedRef can."""

    __slots__ = ("name", "gone")

    def __new__(cls, connection, callback):
        return super().__new__(cls, connection, callback)

    def __init__(self, connection, callback):
        super().__init__(connection, callback)
        self.name = "connection %d %s" % (connection.number, "-" * 100)
        self.gone = False


def mark_gone(reference):
    reference.gone = True


def watch(connection):
    WATCHERS.append(NamedReference(connection, mark_gone))  # LEAK


def handle(number):
    watch(Connection(number))


serve(handle, rate=100)
