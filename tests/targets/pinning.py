# SPDX-License-Identifier: Apache-2.0
"""Work of a C library, by ctypes, that leaves a small block at the top of malloc's heap."""

import ctypes

C = ctypes.CDLL(None)
C.malloc.restype = ctypes.c_void_p
C.malloc.argtypes = [ctypes.c_size_t]
C.free.argtypes = [ctypes.c_void_p]
C.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
BUFFER = 30000
RESULT = 6000


def work(buffers):
    """Allocates so many buffers, then the result, and frees only the buffers.

    Where the heap has holes of that size further down it forgets more results, until they are full.
    """
    held = [0] * buffers
    for each in range(buffers):
        held[each] = C.malloc(BUFFER)
        C.memset(held[each], 1, BUFFER)
    while C.malloc(RESULT) < max(held):
        pass
    for buffer in held:
        C.free(buffer)
