# SPDX-License-Identifier: Apache-2.0
"""A list in a context variable: reachable only through the running thread's context."""
# expect: verdict=leak holder="(?i)\bbreadcrumbs\b" type=list
# expect: cause="context variable"

import contextvars

from common import payload, serve

BREADCRUMBS = contextvars.ContextVar("breadcrumbs")


def leave_breadcrumb(number):
    crumbs = BREADCRUMBS.get()
    crumbs.append(payload(number))  # LEAK


def handle(number):
    leave_breadcrumb(number)


BREADCRUMBS.set([])
serve(handle, rate=100)
