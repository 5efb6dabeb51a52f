"""Numbers beside true gradients: a few of them tell what most are not."""

import numpy as np
import pytest

from bptui.trace.comparing import Multiples, Values, multiple


@pytest.mark.parametrize("size", [(3,), (40,), (2, 30), (30, 2), (20, 20)])
def test_few_numbers_tell_as_all_do_of_which_arrays_values_are_multiples(
    size: tuple[int, ...],
) -> None:
    rng = np.random.default_rng(4)
    arrays = [[rng.standard_normal(size) for _ in range(2)] for _ in range(4)]
    sparse = [np.where(np.arange(part.size).reshape(size) == 7, 2.0, 0.0) for part in arrays[0]]
    arrays += [sparse, [np.zeros(size)] * 2, [part * 1.5 for part in arrays[0]]]
    turned = [np.ascontiguousarray(part.T) for part in arrays[1]]
    off = [part + (np.arange(part.size).reshape(size) == 1) for part in arrays[2]]
    for values in [*arrays, turned, off, [-2.0 * part for part in arrays[3]]]:
        near = Multiples(arrays).of(values)
        told = {number for number in near if multiple(values, arrays[number]) is not None}
        exact = [
            number
            for number, true in enumerate(arrays)
            if min(_residual(values, true), _residual(values, _turned(true))) < 1e-9
        ]
        assert told == set(exact)


def _turned(true: Values) -> Values:
    return [part.T for part in true]


def _residual(values: Values, true: Values) -> float:
    """Return what is left of values, as a share, when their part along others is taken away."""
    one = np.concatenate([part.reshape(-1) for part in values])
    other = np.concatenate([part.reshape(-1) for part in true])
    if not one.any() or not other.any():
        return float(one.any() or other.any())
    rest = one - (one @ other / (other @ other)) * other
    return float(np.abs(rest).max() / np.abs(one).max())
