# SPDX-License-Identifier: Apache-2.0
"""A service that leaked before anybody looked: as many MiB as the first argument says are held by
sessions that were never dropped, and nothing grows any more. A bounded cache and a table of settings
stand beside them.
"""

import sys
import time

from common import LIFETIME_SECONDS, ready

SESSION_BYTES = 2600  # of one, about


class Session:
    def __init__(self, number):
        self.user = "user-%d" % number
        self.pages = ["/shop/items/%d/reviews?page=%d" % (number, page) for page in range(8)]
        self.basket = {"id": number, "items": [number, number + 1], "total": number * 0.5}
        self.body = b"%d" % number + bytes(1000)


class Service:
    def __init__(self):
        self.sessions = {}
        self.recent = {}

    def open(self, number):
        session = Session(number)
        self.sessions[session.user] = session
        self.recent[number % 100] = session


SETTINGS = {"setting-%d" % number: str(number) * 20 for number in range(2000)}
SERVICE = Service()
for each in range(int(sys.argv[1] if len(sys.argv) > 1 else 32) * (1 << 20) // SESSION_BYTES):
    SERVICE.open(each)
ready()
time.sleep(LIFETIME_SECONDS)
