# SPDX-License-Identifier: Apache-2.0
"""The damage is done: a C library worked once with eighty MiB of buffers, and forgot the six thousand bytes
of its result, which pin the top of malloc's heap. Since then the program serves, and nothing grows.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: no-leak verdict=fragmentation

from common import serve
from pinning import work

work(buffers=2800)
serve(lambda number: None)
