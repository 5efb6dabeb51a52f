"""What is striking about a wrong array: its shape turned round, its rows in another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from math import factorial

import numpy as np

from bptui.check.diagnosis.compared import Called
from bptui.core.arrays import Array

MOST_ORDERS = 120
UNCHANGED = "it is not changed"
"""Of a parameter after a step."""


def notice_of(calls: Sequence[Called], name: str) -> str:
    """The first of the notices that holds in every call; "" for none."""
    notices: tuple[tuple[str, Callable[[Called, str], bool]], ...] = (
        (UNCHANGED, _unchanged),
        ("it is all zeros", _zeros),
        ("it is the transpose of the correct one", _transposed),
        ("its rows are in the wrong order", lambda call, name: _reordered(call, name, 0)),
        ("its columns are in the wrong order", lambda call, name: _reordered(call, name, 1)),
    )
    return next((text for text, holds in notices if all(holds(each, name) for each in calls)), "")


def _unchanged(call: Called, name: str) -> bool:
    return name in call.before and np.array_equal(call.found[name], call.before[name])


def _zeros(call: Called, name: str) -> bool:
    return not call.found[name].any()


def _is(call: Called, name: str, expected: Array) -> bool:
    off = np.abs(call.found[name] - expected)
    return bool(np.all(off <= call.allowed(name, call.expected[name])))


def _transposed(call: Called, name: str) -> bool:
    expected = call.expected[name]
    if expected.ndim != 2 or expected.shape[0] != expected.shape[1] or expected.size == 1:
        return False
    if name in call.before:
        before = call.before[name]
        return _is(call, name, before + (expected - before).T)
    return _is(call, name, expected.T)


def _reordered(call: Called, name: str, axis: int) -> bool:
    expected = call.expected[name]
    if name in call.before or expected.ndim <= axis or expected.shape[axis] < 2:
        return False
    if factorial(min(expected.shape[axis], 9)) > MOST_ORDERS:
        return False
    return any(
        _is(call, name, expected.take(order, axis))
        for order in permutations(range(expected.shape[axis]))
    )
