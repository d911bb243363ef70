# SPDX-License-Identifier: Apache-2.0
"""Says READY and then, as one line of JSON, what it knows of its own interpreter; then idles."""

import json
import sys
import threading
import time
import types

LIFETIME_SECONDS = 120


def runtime_address():
    try:
        import ctypes
        return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    except (ImportError, ValueError):
        return None


def subinterpreters():
    """Makes one more interpreter where this version can; how many there are now."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            module = __import__(name)
            module.create()
            return len(module.list_all())
        except ImportError:
            pass
    return 1


def beside():
    time.sleep(LIFETIME_SECONDS)


def waiting():
    threading.Thread(target=beside, daemon=True).start()
    interpreters = subinterpreters() if "sub" in sys.argv else 1
    runtime = runtime_address()
    print("READY")
    print(json.dumps({
        "hexversion": "0x%08x" % sys.hexversion,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "type": "0x%x" % id(type),
        "runtime": runtime and "0x%x" % runtime,
        "interpreters": str(interpreters),
        "modules": str(sum(type(each) is types.ModuleType for each in sys.modules.values())),
    }), flush=True)
    time.sleep(LIFETIME_SECONDS)


waiting()
