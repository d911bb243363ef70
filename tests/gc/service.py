# SPDX-License-Identifier: Apache-2.0
"""
A web service that keeps a session of many containers for each request it answers, and a client that
sends requests at a steady pace. The collector has more to go through each time.
"""
import gc
import http.client
import http.server
import threading
import time

SESSIONS = {}
PER_REQUEST = 200
PACE_SECONDS = 0.008
THRESHOLDS = (700, 5, 3)  # full collections come soon enough for a test


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        basket = [[self.path, [i]] for i in range(PER_REQUEST // 2)]
        SESSIONS[len(SESSIONS)] = basket  # LEAK
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    gc.set_threshold(*THRESHOLDS)
    base = [[i] for i in range(30000)]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", flush=True)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(*server.server_address)
        connection.request("GET", "/basket/%d" % len(SESSIONS))
        connection.getresponse().read()
        connection.close()
        time.sleep(PACE_SECONDS)
    return base


main()
