# SPDX-License-Identifier: Apache-2.0
"""A urllib3.PoolManager in every client object, and all clients in a list."""
# runs: 3.9 3.11 3.12 3.14
# needs: urllib3
# expect: verdict=leak holder="module __main__: POOLS\b" type=list
# expect: cause="urllib3 PoolManagers"

import urllib3

from common import serve

POOLS = []


def client(number):
    pool = urllib3.PoolManager(num_pools=2, headers={"X-Request": "%d" % number})
    pool.connection_from_host("127.0.0.1", port=1024 + number % 60000)
    POOLS.append(pool)  # LEAK
    return pool


def handle(number):
    client(number)


serve(handle, rate=40)
