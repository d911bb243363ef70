# SPDX-License-Identifier: Apache-2.0
"""A thread for each request that waits for an answer which never comes."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module threading: _active\b|NEVER\._cond\._waiters" type="dict|collections.deque"
# expect: cause="threads are started that never end|more threads wait for the same thing"

import threading

from common import payload, serve

NEVER = threading.Event()


def wait_for_answer(record):
    NEVER.wait()
    return record


def handle(number):
    threading.Thread(target=wait_for_answer, args=(payload(number),), daemon=True).start()


serve(handle, rate=12)
