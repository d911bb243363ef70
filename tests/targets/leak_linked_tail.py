# SPDX-License-Identifier: Apache-2.0
"""A linked list that grows at its end: the new nodes hang on the last old one, each link is
written once, and only the owner's `tail` is written again and again.
"""
# expect: verdict=leak holder="module __main__: HISTORY\b"
# expect: cause="linked list of __main__\.Node"

import threading

from common import payload, serve


class Node:
    def __init__(self, value):
        self.value = value
        self.following = None


class History:
    def __init__(self):
        self.lock = threading.Lock()
        self.head = self.tail = Node(None)

    def append(self, value):
        node = Node(value)
        with self.lock:
            self.tail.following = self.tail = node  # LEAK


HISTORY = History()


def handle(number):
    HISTORY.append(payload(number))


serve(handle, rate=90, threads=3, objects=12000)
