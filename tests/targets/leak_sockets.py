# SPDX-License-Identifier: Apache-2.0
"""Socket objects that are closed, and kept in the table of connections all the same."""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: CONNECTIONS\b" type=dict
# expect: cause="sockets are opened and kept"

import socket

from common import serve

CONNECTIONS = {}


def handle(number):
    connection = socket.socket()
    CONNECTIONS[number] = connection  # LEAK
    connection.close()


serve(handle, rate=100)
