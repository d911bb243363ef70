# SPDX-License-Identifier: Apache-2.0
"""Every request adds a handler to its logger and never removes it.

The store happens in logging/__init__.py; the line that a person has to change is the caller's.
"""
# expect: verdict=leak holder="\bhandlers\b" type=list
# expect: cause="handlers are added to a logger"

import io
import logging

from common import payload, serve

AUDIT = logging.getLogger("shop.audit")


class RequestHandler(logging.StreamHandler):
    def __init__(self, number):
        super().__init__(io.StringIO())
        self.record = payload(number)


def handle(number):
    AUDIT.addHandler(RequestHandler(number))  # LEAK


serve(handle, rate=40)
