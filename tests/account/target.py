# SPDX-License-Identifier: Apache-2.0
# usage: target.py [traced]
#
# Leaks in known functions, by every way an allocator is called. Prints READY; then a line on standard
# input each:
#
#	leak N	leaks N times in each function
#	keep N	holds N objects for later
#	drop	lets go of them
#	dying N	leaks N objects by functions that die at once
#	stacks N	leaks one object below each of 2^N different stacks
#	many N	leaks N objects, quickly
#	exec	becomes another program
#
# Answers with JSON: the interpreter's count of blocks and, when traced, what tracemalloc says of each
# function: [blocks, bytes].
import gc
import itertools
import json
import os
import sys
import threading
import time
import tracemalloc

HELD = {}


class Slotted:
    __slots__ = ("number",)


def leak_objects(held, count):
    for _ in range(count):
        held.append(object())


def leak_texts(held, count):
    for number in range(count):
        held.append("leaked text %d" % number)


def leak_large(held, count):
    for number in range(count):
        held.append(bytes(600 + number % 1000))


def leak_sets(held, count):
    for _ in range(count):
        held.append(set())


def leak_instances(held, count):
    for _ in range(count):
        held.append(Slotted())


def leak_grown(held, count):
    for _ in range(count // 10):
        grown = bytearray()
        for _ in range(40):
            grown += b"some bytes more than there were"
        held.append(grown)


def leak_shrunk(held, count):
    for _ in range(count // 10):
        shrunk = bytearray(5000)
        del shrunk[100:]
        held.append(shrunk)


def leak_huge(held, count):
    for _ in range(count // 100):
        held.append(bytes(1 << 20))  # malloc maps it


def leak_unmoved(held, count):
    for _ in range(count // 10):
        unmoved = bytearray(500)
        try:
            unmoved *= 1 << 41  # realloc fails
        except MemoryError:
            held.append(unmoved)


def leak_in_thread(held, count):
    for _ in range(count // 4):
        held.append(object())


def leak_threads(held, count):
    threads = [threading.Thread(target=leak_in_thread, args=(held, count)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while len(os.listdir("/proc/self/task")) > 1:  # a fork beside threads warns, and remembers it
        time.sleep(0.001)


def leak_after_fork(held, count):
    child = os.fork()
    if child == 0:
        mine = [object() for _ in range(count)]
        held.clear()
        os._exit(len(mine) != count)
    os.waitpid(child, 0)
    for _ in range(count):
        held.append(object())


def churn(_held, count):
    for _ in range(10 * count):
        object()


def leak_dying(held, count):
    """By functions that die at once, and whose memory others take."""
    for number in range(count):
        space = {}
        exec("def dying_%d(held):\n    held.append(bytes(700))\n" % number, space)
        space.pop("dying_%d" % number)(held)
        del space
        held.append(compile("def impostor(held):\n    held.append(bytes(700))\n", "x", "exec"))


def leak_many(held, count):
    for _ in itertools.repeat(None, count):
        held.append(object())


def leak_below(held, depth):
    if depth:
        leak_below(held, depth - 1)
        leak_below(held, depth - 1)
    else:
        held.append(object())


def leak_in_interpreter(held, count):
    """In one more, which has pymalloc's pools for itself; from 3.12 on."""
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    held.append(interpreters.create())
    interpreters.run_string(held[-1], "held = [object() for _ in range(%d)]" % count)


LEAKS = [leak_objects, leak_texts, leak_large, leak_sets, leak_instances, leak_grown, leak_shrunk,
         leak_huge, leak_unmoved, leak_threads, leak_after_fork, churn]
TRACED = LEAKS[:-3] + [leak_in_thread, leak_after_fork, churn]


def leak(count):
    for function in LEAKS:
        function(HELD.setdefault(function.__name__, []), count)


def function_of(line):
    """The function of this file that the line is in, of those that leak."""
    starts = sorted((function.__code__.co_firstlineno, function.__name__)
                    for function in TRACED + [leak_threads, leak])
    return ([name for start, name in starts if start <= line] or [None])[-1]


def traced():
    totals = {}
    snapshot = tracemalloc.take_snapshot()
    for trace in snapshot.traces:
        frame = trace.traceback[0]
        if frame.filename == __file__:
            total = totals.setdefault(function_of(frame.lineno), [0, 0])
            total[0] += 1
            total[1] += trace.size
    return totals


def main():
    leak(10)
    HELD.clear()
    gc.collect()  # what it would free later was allocated before anyone looked
    print("READY", flush=True)
    for line in sys.stdin:
        word, *arguments = line.split()
        if word == "exec":
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"])
        elif word == "keep":
            HELD["kept"] = [object() for _ in range(int(arguments[0]))]
        elif word == "many":
            leak_many(HELD.setdefault(word, []), int(arguments[0]))
        elif word == "dying":
            leak_dying(HELD.setdefault(word, []), int(arguments[0]))
        elif word == "churn":
            churn(None, int(arguments[0]) // 10)
        elif word == "interpreter":
            leak_in_interpreter(HELD.setdefault(word, []), int(arguments[0]))
        elif word == "stacks":
            leak_below(HELD.setdefault(word, []), int(arguments[0]))
        elif word == "drop":
            del HELD["kept"]
        elif word == "leak":
            if "traced" in sys.argv:
                tracemalloc.start(1)
            leak(int(arguments[0]))
        gc.collect()
        blocks = sys.getallocatedblocks()
        print(json.dumps({"blocks": blocks, "traced": traced() if tracemalloc.is_tracing() else {}}),
              flush=True)


main()
