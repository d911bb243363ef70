# SPDX-License-Identifier: Apache-2.0
# usage: stress.py [traced]
#
# Threads that allocate and check what they allocated, children by fork and by vfork and exec; when
# traced, tracemalloc started and stopped all the time. Prints READY; at the end of standard input
# stops and prints, as JSON, how often each went round and what went wrong.
import json
import os
import subprocess
import sys
import threading
import tracemalloc

STOP = threading.Event()
# A child that is forked while another thread is inside tracemalloc waits for its lock forever.
UNTRACED = threading.Lock()
ROUNDS = {}
WRONG = []


def allocate(number):
    data = {str(key): [key, float(key), bytes([key % 256]) * (key * 7)] for key in range(100)}
    grown = bytearray()
    for key in range(50):
        grown += b"%d" % key * number
    for key in range(100):
        if data[str(key)][2] != bytes([key % 256]) * (key * 7):
            raise ValueError("block %d changed" % key)
    if json.loads(json.dumps(list(data))) != list(data):
        raise ValueError("texts changed")


def child(number):
    with UNTRACED:
        pid = os.fork()
    if pid == 0:
        try:
            allocate(number)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if status:
        raise ValueError("a child ended with %d" % status)


def command(_number):
    if subprocess.call(["/bin/true"]):
        raise ValueError("a command failed")


def trace(number):
    with UNTRACED:
        tracemalloc.start()
        allocate(number)
        traced = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    if traced <= 0:
        raise ValueError("tracemalloc saw nothing")
    for _ in range(5):
        allocate(number)


def short_thread(number):
    thread = threading.Thread(target=allocate, args=(number,))
    thread.start()
    thread.join()


def again(name, function):
    number = 0
    try:
        while not STOP.is_set():
            function(number % 10)
            number += 1
            ROUNDS[name] = number
    except BaseException as error:
        WRONG.append("%s: %r" % (name, error))


def main():
    work = {"first": allocate, "second": allocate, "threads": short_thread}
    if "traced" in sys.argv:
        work["traced"] = trace
    else:
        work["commands"] = command
    threads = [threading.Thread(target=again, args=each) for each in work.items()]
    for thread in threads:
        thread.start()
    print("READY", flush=True)
    end = threading.Thread(target=lambda: (sys.stdin.read(), STOP.set()))
    end.start()
    again("forks", child)
    for thread in threads + [end]:
        thread.join()
    print(json.dumps({"rounds": ROUNDS, "wrong": WRONG}), flush=True)


main()
