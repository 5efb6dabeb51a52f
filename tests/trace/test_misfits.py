"""Operands that do not fit together are named, with what would fit."""

import numpy as np
import pytest

from bptui.trace.misfits import misfit

NAMES = {"np": np, "d": np.ones((1, 2)), "W": np.ones((3, 2)), "h": np.ones((1, 3)), "c": {"W": 0}}
NAMES |= {"c": {"W": NAMES["W"]}, "a": [1, 2], "l": [3, 4, 5], "o": np.ones((2, 2)), "s": object()}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("e = d @ W * h", "d @ W: d is 1x2, W is 3x2; d @ W.T would fit"),
        ("e = d @ c['W']", "d @ c['W']: d is 1x2, c['W'] is 3x2; d @ c['W'].T would fit"),
        ("e = np.dot(d - 1, W)", "d - 1 is 1x2, W is 3x2; np.dot(d - 1, W.T) would fit"),
        ("e = (d - 1).dot(W)", "(d - 1).dot(W): d - 1 is 1x2, W is 3x2; (d - 1).dot(W.T) would"),
        ("e = h @ W.T", "h @ W.T: h is 1x3, W.T is 2x3; h @ W would fit"),
        ("W -= 0.1 * h", "W -= 0.1 * h: W is 3x2, 0.1 * h is 1x3"),
        ("W -= W.T / 2", "W -= W.T / 2: W is 3x2, W.T / 2 is 2x3; W -= (W.T / 2).T would fit"),
        ("e = np.tanh(d) @ W", ""),  # nothing is called once more
        ("n = int('x' + str(a + l))", ""),  # lists may be put together
        ("n = np.dot(a, l)", "a has 2 numbers, l has 3 numbers"),
        ("e = np.dot(d, W, o)", "np.dot(d, W, o): d is 1x2, W is 3x2; np.dot(d, W.T, o) would fit"),
        ("e = h.dot(W, o)", ""),
        ("e = s @ W", ""),  # an object has its own reasons
        ("e = d @ W.T", ""),
        ("e = d @ V", ""),
    ],
)
def test_operands_that_do_not_fit_are_named(line: str, said: str) -> None:
    found = misfit(f"import numpy as np\n{line}\n", 2, NAMES)
    assert said in found
    assert bool(found) == bool(said)
