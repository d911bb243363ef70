# SPDX-License-Identifier: Apache-2.0
"""A metaclass registers every class, and classes are made for every request."""
# expect: verdict=leak holder="\bRegistering\b.*\bclasses\b" type=dict
# expect: cause="classes are made at run time"

from common import serve


class Registering(type):
    classes = {}

    def __init__(cls, name, bases, namespace):
        super().__init__(name, bases, namespace)
        Registering.classes[name] = cls  # LEAK


def model(number):
    fields = {"table": "requests_%d" % number, "columns": ["id", "c%d" % number]}
    return Registering("Request%d" % number, (), fields)


def handle(number):
    return model(number)().table


serve(handle, rate=40)
