# SPDX-License-Identifier: Apache-2.0
"""sys.intern() of strings that never repeat. In 3.12 they are immortal: the interpreter's own table keeps
them. In other versions they go with their last user, and nothing leaks.
"""
# runs: 3.12
# expect: verdict=leak holder="." type=dict
# expect: cause="strings are interned"

import sys

from common import serve


def handle(number):
    return len(sys.intern("customer/%d/%s" % (number, "n" * 150)))  # LEAK


serve(handle, rate=150)
