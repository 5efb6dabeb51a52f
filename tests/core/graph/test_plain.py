"""Graphs written out plainly: one thing is computed in one way, wherever it stands."""

from __future__ import annotations

from bptui.core.graph.compile import Plain, sum_of_squares
from bptui.core.graph.node import leaf, samples


def test_squares_are_summed_alike_also_where_two_is_the_size_of_the_batch() -> None:
    weights = leaf("W1", (2, 3))
    squares = (weights**2.0).sum()
    alone = Plain({})([squares])[0]
    assert alone.op is sum_of_squares
    assert Plain({})([samples(2) * weights, squares])[1].op is sum_of_squares
