# SPDX-License-Identifier: Apache-2.0
"""A list in an instance in a dictionary: rooms are few, their messages are kept for ever."""
# expect: verdict=leak holder="module __main__: ROOMS\[.*\bmessages\b" type=list
# expect: cause="a list .* appended to"

from common import payload, serve


class Room:
    def __init__(self, name):
        self.name = name
        self.messages = []

    def post(self, message):
        self.messages.append(message)  # LEAK


ROOMS = {name: Room(name) for name in ("lobby", "kitchen", "garden")}


def handle(number):
    room = ROOMS[("lobby", "kitchen", "garden")[number % 3]]
    room.post(payload(number))


serve(handle, rate=90, threads=3, objects=12000)
