# SPDX-License-Identifier: Apache-2.0
"""Log files that are opened for each request and never closed."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: LOGS\b" type=list
# expect: cause="files are opened and kept"

import os

from common import serve

LOGS = []


def handle(number):
    log = open(os.devnull, "w")
    LOGS.append(log)  # LEAK
    log.write("request %d\n" % number)


serve(handle, rate=25)
