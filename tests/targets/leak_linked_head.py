# SPDX-License-Identifier: Apache-2.0
"""A linked list behind one global name, new nodes at the front: no container's size changes."""
# expect: verdict=leak holder="module __main__: HEAD\b"
# expect: cause="linked list of __main__\.Node"

from common import payload, serve


class Node:
    def __init__(self, value, following):
        self.value = value
        self.following = following


HEAD = None


def push(value):
    global HEAD
    HEAD = Node(value, HEAD)  # LEAK


def handle(number):
    push(payload(number))
    return HEAD.value["id"]


serve(handle, rate=100)
