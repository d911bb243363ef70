# SPDX-License-Identifier: Apache-2.0
"""A small web shop that leaks, for scripts/demo: a service on a loopback port and a client that keeps it busy.

Every visit opens a session that nobody ever closes: SESSIONS grows by one dict with the visitor's basket. What else it
does per request is what services do: a page cache with a bound, a log that keeps its newest lines, short-lived garbage.
"""
# expect: verdict=leak holder="module __main__: SESSIONS" type=dict

import collections
import http.client
import http.server
import json
import os
import random
import signal
import threading
import time

VISITS_PER_SECOND = 60
LIFETIME_SECONDS = 600  # it ends by itself if whoever started it is gone

SESSIONS = {}
PAGES = {}
LOG = collections.deque(maxlen=500)
PRICES = {"item-%d" % number: number * 5 for number in range(2000)}


def open_session(visitor):
    token = os.urandom(12).hex()
    basket = [{"item": item, "price": PRICES[item]} for item in random.sample(sorted(PRICES), 4)]
    session = {"visitor": visitor, "basket": basket, "since": time.time()}
    SESSIONS[token] = session  # LEAK
    return token, session


def render(page):
    if page not in PAGES:
        if len(PAGES) >= 50:
            PAGES.pop(next(iter(PAGES)))
        PAGES[page] = "".join("<li>item %d</li>" % number for number in range(page, page + 40))
    return PAGES[page]


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        token, session = open_session(self.headers.get("User-Agent"))
        page = render(random.randrange(200))
        body = json.dumps({"token": token, "basket": session["basket"], "page": page}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        LOG.append(format % args)


def visit(port):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    number = 0
    while True:
        number += 1
        connection.request("GET", "/shop/%d" % number, headers={"User-Agent": "visitor %d" % number})
        json.loads(connection.getresponse().read())
        time.sleep(1 / VISITS_PER_SECOND)


def main():
    signal.alarm(LIFETIME_SECONDS)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=visit, args=(server.server_port,), daemon=True).start()
    print("READY", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
