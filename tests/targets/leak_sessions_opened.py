# SPDX-License-Identifier: Apache-2.0
"""A requests.Session for each customer, kept for the next time and never closed."""
# runs: 3.9 3.11 3.12 3.14
# needs: requests
# expect: verdict=leak holder="module __main__: SESSIONS\b" type=dict
# expect: cause="requests.Session objects are opened"

import requests

from common import serve

SESSIONS = {}


def session_of(customer):
    if customer not in SESSIONS:
        SESSIONS[customer] = requests.Session()  # LEAK
    return SESSIONS[customer]


def handle(number):
    session_of("customer-%d" % number)


serve(handle, rate=40)
