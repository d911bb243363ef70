# SPDX-License-Identifier: Apache-2.0
"""A start that takes two seconds: modules are imported and tables built, then nothing grows."""
# expect: no-leak verdict=warm-up|no-growth

import importlib
import threading

from common import pace, payload, serve

TABLES = {}
MODULES = (
    "csv decimal difflib email.message fractions html.parser http.client ipaddress mimetypes "
    "pickle plistlib pprint shelve smtplib sqlite3 statistics string tarfile textwrap zipfile"
).split()


def load(name):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # a minimal installation lacks some
    TABLES[name] = [payload(i) for i in range(500)]


def warm_up():
    ticks = pace(len(MODULES) / 2.0)
    for name, _ in zip(MODULES, ticks):
        load(name)


def handle(number):
    return TABLES.get(MODULES[number % len(MODULES)], ())


threading.Thread(target=warm_up, daemon=True).start()
serve(handle, rate=50)
