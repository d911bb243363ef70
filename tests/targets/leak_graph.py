# SPDX-License-Identifier: Apache-2.0
"""Losses kept for a chart, each with the graph it was computed by. The classes have the shape that
frameworks of automatic differentiation have: a value's grad_fn, its next_functions.
"""
# runs: 3.9 3.11 3.12 3.14
# expect: verdict=leak holder="module __main__: LOSSES\b" type=list
# expect: cause="tensors are kept with the graph"

from common import serve

LOSSES = []


class Function:
    def __init__(self, name, saved, inputs):
        self.name = name
        self.saved = saved
        self.next_functions = tuple((tensor.grad_fn, 0) for tensor in inputs)


class Tensor:
    def __init__(self, data, grad_fn=None):
        self.data = data
        self.grad_fn = grad_fn

    def __mul__(self, other):
        data = [a * b for a, b in zip(self.data, other.data)]
        return Tensor(data, Function("mul", (self, other), (self, other)))

    def sum(self):
        return Tensor([sum(self.data)], Function("sum", (self,), (self,)))


WEIGHTS = Tensor([0.5, 0.25, 0.125])


def train(number):
    batch = Tensor([number * 0.5, number * 0.25, number * 0.125])
    return (batch * WEIGHTS * batch).sum()


def handle(number):
    LOSSES.append(train(number))  # LEAK


serve(handle, rate=60)
