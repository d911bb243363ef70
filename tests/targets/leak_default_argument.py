# SPDX-License-Identifier: Apache-2.0
"""A mutable default argument: the list is created once and belongs to the function."""
# expect: verdict=leak holder="\bcollect\b.*(__defaults__|\bbatch\b)" type=list
# expect: cause="default argument of collect\(\)"

from common import payload, serve


def collect(record, batch=[]):
    batch.append(record)  # LEAK
    return batch


def handle(number):
    batch = collect(payload(number))
    return len(batch)


serve(handle, rate=100)
