# SPDX-License-Identifier: Apache-2.0
"""Files opened by io_uring: one request at a time, by system calls alone (io_uring_setup(2))."""

import ctypes
import mmap
import os
import struct

SETUP, ENTER = 425, 426  # the same numbers on every architecture
SQ_RING, CQ_RING, SQES = 0, 0x8000000, 0x10000000  # offsets to map
OPENAT = 18
GETEVENTS = 1
AT_FDCWD = -100
ENTRIES = 4
PARAMS = "10I 8IQ 8IQ"  # struct io_uring_params
LIBC = ctypes.CDLL(None, use_errno=True)


def call(number, *arguments):
    result = LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "io_uring")
    return result


def why_refused():
    """None where the machine allows it."""
    try:
        os.close(call(SETUP, ENTRIES, ctypes.create_string_buffer(struct.calcsize(PARAMS))))
    except OSError as error:
        return os.strerror(error.errno)
    return None


class Ring:
    def __init__(self):
        params = ctypes.create_string_buffer(struct.calcsize(PARAMS))
        self.number = call(SETUP, ENTRIES, params)
        fields = struct.unpack(PARAMS, params.raw)
        _, self.tail, _, _, _, _, self.array = fields[10:17]
        self.head, _, _, _, _, self.results = fields[19:25]
        self.submitted = mmap.mmap(self.number, self.array + 4 * ENTRIES, offset=SQ_RING)
        self.completed = mmap.mmap(self.number, self.results + 16 * 2 * ENTRIES, offset=CQ_RING)
        self.requests = mmap.mmap(self.number, 64 * ENTRIES, offset=SQES)

    def open(self, path):
        """A descriptor for reading."""
        name = ctypes.create_string_buffer(os.fsencode(path))
        struct.pack_into("=BBHiQQIIQ24x", self.requests, 0, OPENAT, 0, 0, AT_FDCWD, 0,
                         ctypes.addressof(name), 0, os.O_RDONLY, 0)
        tail, = struct.unpack_from("=I", self.submitted, self.tail)
        struct.pack_into("=I", self.submitted, self.array + 4 * (tail % ENTRIES), 0)
        struct.pack_into("=I", self.submitted, self.tail, tail + 1)
        call(ENTER, self.number, 1, 1, GETEVENTS, None, 0)
        head, = struct.unpack_from("=I", self.completed, self.head)
        place = self.results + 16 * (head % (2 * ENTRIES))
        result, = struct.unpack_from("=i", self.completed, place + 8)
        struct.pack_into("=I", self.completed, self.head, head + 1)
        if result < 0:
            raise OSError(-result, path)
        return result
