"""Operands that do not fit together are named, with what would fit."""

import numpy as np
import pytest

from bptui.trace.record.misfits import misfit


class Layer:
    """What has an array, and another one that is computed whenever it is asked for."""

    def __init__(self) -> None:
        self.W = np.ones((3, 2))

    @property
    def drawn(self) -> object:
        raise AssertionError("it is asked for once more")


W = np.ones((3, 2))
NAMES = {
    "np": np,
    "d": np.ones((1, 2)),
    "W": W,
    "q": np.ones((2, 2)),
    "h": np.ones((1, 3)),
    "c": {"W": W},
    "b": np.ones(2),
    "a": [1, 2],
    "l": [3, 4, 5],
    "o": np.ones((1, 3)),
    "s": object(),
    "layer": Layer(),
    "x": np.ones((4, 2)),
    "T": np.ones((3, 4, 4)),
    "V": np.ones((3, 5, 4)),
}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("d @ W * h", "d @ W: d is 1x2, W is 3x2; d @ W.T would fit"),
        ("d @ layer.W", "d @ layer.W: d is 1x2, layer.W is 3x2; d @ layer.W.T would fit"),
        ("d @ -W", "d @ -W: d is 1x2, -W is 3x2; d @ (-W).T would fit"),
        ("np.dot(d - 1, W)", "d - 1 is 1x2, W is 3x2; np.dot(d - 1, W.T) would fit"),
        ("(d - 1).dot(W)", "(d - 1).dot(W): d - 1 is 1x2, W is 3x2; (d - 1).dot(W.T) would"),
        ("np.dot(d, W, o)", "np.dot(d, W, o): d is 1x2, W is 3x2; np.dot(d, W.T, o) would fit"),
        ("q @ d", "q @ d: q is 2x2, d is 1x2"),  # q.T or d @ q may be meant: shapes do not tell
        ("W - 0.1 * h", "W - 0.1 * h: W is 3x2, 0.1 * h is 1x3"),
        ("W + W.T / 2", "W + W.T / 2: W is 3x2, W.T / 2 is 2x3; W + (W.T / 2).T would fit"),
        ("b.__iadd__(x)", ""),
        ("np.tanh(d) @ W", ""),  # nothing is called once more
        ("int('x' + str(a + l))", ""),  # lists may be put together
        ("s @ W", ""),  # an object has its own reasons
        ("d @ W.T + int('x')", ""),
        ("d @ W if not d.size else int('x')", ""),  # it was not computed
        ("np.matmul(T, V)", ""),
        ("layer.drawn @ W", ""),
    ],
)
def test_operands_that_do_not_fit_are_named(line: str, said: str) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011  # whatever the line raises
        eval(line, {**NAMES})
    found = misfit(f"import numpy as np\ne = {line}\n", 2, NAMES, str(raised.value))
    assert said in found
    assert ("would" in found) == ("would" in said)
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("b -= 2 * x", "b has 2 numbers, 2 * x is 4x2; b -= (2 * x).sum(axis=0) would fit"),
        ("W -= W.T", "W is 3x2, W.T is 2x3; W -= W would fit"),
    ],
)
def test_what_does_not_fit_into_an_array_is_named(line: str, said: str) -> None:
    with pytest.raises(ValueError, match="shape") as raised:
        exec(line, {**NAMES})
    assert misfit(line, 1, NAMES, str(raised.value)) == f"{line}: {said}"
