# SPDX-License-Identifier: Apache-2.0
"""One object in some thousands is kept, under the churn of three threads: about 3 KiB a second."""
# expect: verdict=leak holder="module __main__: AUDITED\b" type=dict
# expect: cause="dict that only gets new keys, of type int"

from common import serve

AUDITED = {}
AUDIT_EVERY = 6


def handle(number):
    if number % AUDIT_EVERY == 0:
        AUDITED[number] = "request %d %s" % (number, "a" * 100)  # LEAK


serve(handle, rate=90, threads=3, objects=12000)
