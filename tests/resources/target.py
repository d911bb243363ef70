# SPDX-License-Identifier: Apache-2.0
"""One program a function: `target.py NAME` calls it six times a second. The line that leaks ends
in a comment LEAK NAME, and behind it the variable that holds what leaks, where one does. What
unseen_* have in KEPT no system call of theirs made."""

import ctypes
import http.client
import http.server
import mmap
import os
import queue
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from ring import Ring

LIFETIME_SECONDS = 120
RATE = 6
FOLDER = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(__file__)))
FILE = os.path.join(FOLDER, "file")
KEPT = []
TABLE = {}
LIBC = ctypes.CDLL(None)
IN_CLOEXEC = 0o2000000
CHILD = [sys.executable, "-S", "-c", ""]
INHERITED = 20


def listen():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1000)
    return server


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def serve_http():
    """A server in a process of its own, that its connections are not taken for ours."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if os.fork() == 0:
        LIBC.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        server.serve_forever()
    port = server.server_address[1]
    server.server_close()
    return port


def serve_silently():
    """Accepts in a process of its own and keeps what it accepts."""
    server = listen()
    if os.fork() == 0:
        LIBC.prctl(1, 9)
        held = []
        while True:
            held.append(server.accept()[0])
            if len(held) > 200:
                held.pop(0).close()
    address = server.getsockname()
    server.close()
    return address


def serve_files():
    """Opens files in a process of its own, and sends one for each byte that it gets."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        LIBC.prctl(1, 9)
        ours.close()
        while theirs.recv(1):
            with open(FILE) as file:
                socket.send_fds(theirs, [b"x"], [file.fileno()])
        os._exit(0)
    theirs.close()
    return ours


def inherit():
    """Opens files and begins anew, with their numbers behind the name."""
    if len(sys.argv) == 2:
        numbers = [os.open(FILE, os.O_RDONLY) for _ in range(INHERITED)]
        for number in numbers:
            os.set_inheritable(number, True)
        os.execv(sys.executable, [sys.executable, *sys.argv, *map(str, numbers)])
    KEPT.extend(open(int(number)) for number in sys.argv[2:])


def make_engine():
    import sqlalchemy
    return sqlalchemy.create_engine(
        "sqlite:///%s.db" % FILE, poolclass=sqlalchemy.pool.QueuePool, pool_size=0)


def leak_socket():
    KEPT.append(socket.create_connection(ADDRESS))  # LEAK leak_socket KEPT


def leak_accepted():
    with socket.create_connection(SERVER.getsockname()):
        TABLE[len(TABLE)], _ = SERVER.accept()  # LEAK leak_accepted TABLE


def leak_http():
    session = http.client.HTTPConnection("127.0.0.1", PORT)
    session.request("GET", "/")  # LEAK leak_http KEPT
    session.getresponse().read()
    KEPT.append(session)


def leak_response():
    KEPT.append(urllib.request.urlopen("http://127.0.0.1:%d/" % PORT))  # LEAK leak_response KEPT


def leak_session():
    import requests
    session = requests.Session()
    session.get("http://127.0.0.1:%d/" % PORT)  # LEAK leak_session KEPT
    KEPT.append(session)


def leak_open():
    TABLE[len(TABLE)] = open(FILE)  # LEAK leak_open TABLE


def leak_os_open():
    os.open(FILE, os.O_RDONLY)  # LEAK leak_os_open


def leak_sqlite():
    connection = sqlite3.connect(FILE + ".db")  # LEAK leak_sqlite KEPT
    connection.execute("SELECT * FROM sqlite_master").fetchall()
    KEPT.append(connection)


def leak_cursor():
    cursor = sqlite3.connect(FILE + ".db").cursor()  # LEAK leak_cursor KEPT
    KEPT.append(cursor.execute("SELECT * FROM sqlite_master"))


def leak_checkout():
    KEPT.append(ENGINE.connect())  # LEAK leak_checkout KEPT


def leak_postgres():
    import pg8000.dbapi
    connection = pg8000.dbapi.connect(
        user="postgres", host="127.0.0.1", port=DATABASE, ssl_context=False)  # LEAK leak_postgres KEPT
    connection.cursor().execute("SELECT 1")
    KEPT.append(connection)


def leak_libpq():
    import psycopg2
    connection = psycopg2.connect(
        host="127.0.0.1", port=DATABASE, user="postgres", sslmode="disable",
        gssencmode="disable")  # LEAK leak_libpq KEPT
    connection.cursor().execute("SELECT 1")
    KEPT.append(connection)


def leak_pipes():
    KEPT.append(subprocess.Popen(CHILD, stdout=subprocess.PIPE))  # LEAK leak_pipes KEPT


def leak_dup():
    os.dup(1)  # LEAK leak_dup


def leak_epoll():
    KEPT.append(select.epoll())  # LEAK leak_epoll KEPT


def leak_eventfd():
    LIBC.eventfd(0, 0)  # LEAK leak_eventfd


def leak_inotify():
    """Half as often, because a user has 128 of them."""
    TABLE["calls"] = TABLE.get("calls", 0) + 1
    if TABLE["calls"] % 2:
        LIBC.inotify_init1(IN_CLOEXEC)  # LEAK leak_inotify


def leak_pool():
    pool = ThreadPoolExecutor(1)
    pool.submit(int)  # LEAK leak_pool KEPT
    KEPT.append(pool)


def leak_timer():
    threading.Timer(LIFETIME_SECONDS, int).start()  # LEAK leak_timer _active


def leak_threads():
    KEPT.append(threading.Thread(target=GATE.wait, daemon=True))
    KEPT[-1].start()  # LEAK leak_threads KEPT


def leak_mmap():
    KEPT.append(mmap.mmap(-1, 1 << 20))  # LEAK leak_mmap KEPT


def leak_mmap_file():
    with open(FILE, "rb") as file:
        KEPT.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))  # LEAK leak_mmap_file KEPT


def leak_tempfile():
    KEPT.append(tempfile.TemporaryFile())  # LEAK leak_tempfile KEPT


def lines_of(path):
    with open(path) as file:  # LEAK leak_generator KEPT
        for line in file:
            yield line  # nobody asks for the second


def leak_generator():
    lines = lines_of(FILE)
    next(lines)
    KEPT.append(lines)


def leak_both():
    """Memory and files."""
    TABLE[len(TABLE)] = bytearray(20000)
    KEPT.append(open(FILE))  # LEAK leak_both KEPT


def unseen_passed():
    PASSED.sendall(b"x")
    KEPT.append(open(socket.recv_fds(PASSED, 1, 1)[1][0]))


def unseen_inherited():
    """As if by the program that was here before exec."""


def unseen_uring():
    KEPT.append(open(RING.open(FILE)))


def ok_files():
    for _ in range(5):
        with open(FILE) as file:
            file.read()


def ok_socket():
    socket.create_connection(ADDRESS).close()


def ok_http():
    """One session that is shared."""
    if not KEPT:
        KEPT.append(http.client.HTTPConnection("127.0.0.1", PORT))
    KEPT[0].request("GET", "/")
    KEPT[0].getresponse().read()


def ok_pool():
    with ThreadPoolExecutor(2) as pool:
        pool.submit(int)


def ok_timers():
    timer = threading.Timer(1, int)
    timer.start()
    timer.cancel()


def ok_connections():
    """A pool whose connections take turns and are made anew after some use."""
    if len(KEPT) < 8:
        KEPT.append(socket.create_connection(ADDRESS))
    else:
        KEPT.pop(0).close()


def ok_pipes():
    subprocess.Popen(CHILD, stdout=subprocess.PIPE).communicate()


def ok_mmap():
    with mmap.mmap(-1, 1 << 20):
        pass


def ok_sqlite():
    sqlite3.connect(FILE + ".db").close()


def ok_sawtooth():
    """Gathers ten, and lets go of all."""
    KEPT.append(open(FILE))
    if len(KEPT) == 10:
        while KEPT:
            KEPT.pop().close()


def ok_workers():
    """A fixed number of threads that pass work on."""
    if len(KEPT) < 4:
        KEPT.append(queue.Queue())
        threading.Thread(target=lambda mine: [mine.get() for _ in iter(int, 1)], args=(KEPT[-1],),
                         daemon=True).start()
    for each in KEPT:
        each.put(1)


def run(function):
    due = time.monotonic()
    end = due + LIFETIME_SECONDS
    print("READY", flush=True)
    while due < end:
        function()
        now = time.monotonic()
        due = max(due + 1.0 / RATE, now)
        time.sleep(due - now)
    os._exit(0)


def prepare(name):
    """What the program needs before its first call."""
    global ADDRESS, SERVER, PORT, DATABASE, ENGINE, GATE, PASSED, RING
    if name in ("leak_socket", "ok_socket", "ok_connections"):
        ADDRESS = serve_silently()
    elif name == "leak_accepted":
        SERVER = listen()
    elif name in ("leak_http", "leak_response", "leak_session", "ok_http"):
        PORT = serve_http()
    elif name in ("leak_postgres", "leak_libpq"):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "port")) as port:
            DATABASE = int(port.read())
    elif name == "leak_checkout":
        ENGINE = make_engine()
    elif name == "leak_threads":
        GATE = threading.Event()
    elif name == "unseen_passed":
        PASSED = serve_files()
    elif name == "unseen_inherited":
        inherit()
    elif name == "unseen_uring":
        RING = Ring()


def main():
    name = sys.argv[1]
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "site-packages"))
    with open(FILE, "w") as file:
        file.write("a line\n" * 1000)
    prepare(name)
    run(globals()[name])


if __name__ == "__main__":
    main()
