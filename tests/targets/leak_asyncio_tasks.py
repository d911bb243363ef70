# SPDX-License-Identifier: Apache-2.0
"""Tasks kept in a set so that they are not collected; each waits for an answer that never comes."""
# expect: verdict=leak holder="module __main__: BACKGROUND\b" type=set
# expect: cause="asyncio tasks"

import asyncio

from common import LIFETIME_SECONDS, churn, payload, ready

BACKGROUND = set()


async def deliver(record):
    answer = asyncio.get_running_loop().create_future()
    await answer
    return record


def start_delivery(number):
    task = asyncio.ensure_future(deliver(payload(number)))
    BACKGROUND.add(task)  # LEAK


async def main():
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFETIME_SECONDS
    ready()
    number = 1000
    while loop.time() < end:
        number += 1
        start_delivery(number)
        churn(200)
        await asyncio.sleep(0.01)


asyncio.run(main())
