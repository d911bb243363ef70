# SPDX-License-Identifier: Apache-2.0
"""A list that is an attribute of a class, shared by all instances and outliving each."""
# expect: verdict=leak holder="\bSession\b.*\blive\b" type=list
# expect: cause="attribute of the class"

from common import payload, serve


class Session:
    live = []

    def __init__(self, number):
        self.number = number
        self.record = payload(number)
        self.live.append(self)  # LEAK

    def close(self):
        """Forgets to take the session out of the list."""
        self.number = None


def handle(number):
    session = Session(number)
    session.close()


serve(handle, rate=100)
