# SPDX-License-Identifier: Apache-2.0
"""A dictionary three levels down: what grows is not what the module names."""
# expect: verdict=leak holder="module __main__: STATE\['tenants'\].*'orders'" type=dict
# expect: cause="dict that only gets new keys, of type int"

from common import payload, serve

STATE = {
    "version": 3,
    "tenants": {
        "acme": {"name": "Acme", "orders": {}},
        "initech": {"name": "Initech", "orders": {}},
    },
}


def handle(number):
    tenant = STATE["tenants"]["acme"]
    tenant["orders"][number] = payload(number)  # LEAK


serve(handle, rate=90, threads=3, objects=12000)
