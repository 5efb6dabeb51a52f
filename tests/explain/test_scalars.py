"""A step number by number: each one that of the step's arrays, the chain rule at every node."""

import math

import numpy as np
import pytest

from bptui.core.timeline import Timeline
from bptui.explain.expression import Quantity
from bptui.explain.scalars import MOST, Scalar, count, step_scalars
from bptui.explain.symbols import Symbols
from bptui.presets.files import load, shipped_names

SMALL = [name for name in shipped_names() if count(load(name).network) <= MOST]


def pictured(name: str, step: int, row: int) -> tuple[tuple[Scalar, ...], dict[str, np.ndarray]]:
    """The numbers of a step, and its arrays."""
    snapshot = Timeline(load(name)).snapshot(step)
    found = step_scalars(snapshot, row, Symbols(snapshot.experiment.network.names).text)
    arrays = {**snapshot.values, **snapshot.parameters.named()}
    arrays |= {f"g{name}": array for name, array in snapshot.gradients.named().items()}
    return found, arrays


@pytest.mark.parametrize("name", SMALL)
def test_named_numbers_are_those_of_the_arrays(name: str) -> None:
    network = load(name).network
    for step, row in ((0, 0), (7, -1 % load(name).schedule.batch_size)):
        found, arrays = pictured(name, step, row)
        named = [one for one in found if one.name and not one.name.endswith("others")]
        for one in named:
            array = arrays[one.quantity.name]
            index = one.quantity.index or (0,) * array.ndim
            assert one.value == array[index]
            gradient = network.gradients.get(one.quantity.name)
            if gradient is None:
                is_loss = one.quantity.name in ("loss", "data_loss", "penalty")
                assert one.gradient == (1.0 if is_loss else None)
            else:
                assert one.gradient == arrays[gradient][index]
        assert found[-1].quantity == Quantity("loss", ())
        assert [one.quantity.index for one in named if one.quantity.name == "target"] == [
            (row, unit) for unit in range(network.layers[-1])
        ]
        quantities = {one.quantity for one in named}
        weights = (
            part.size for part in Timeline(load(name)).snapshot(0).parameters.named().values()
        )
        own = [one for one in quantities if one.name[0] in "Wb"]
        assert len(own) == sum(weights)


def slope(reader: Scalar, values: list[float], place: int) -> float | None:
    """The derivative of a sum, a difference or a product by the value at a place."""
    if reader.sign == "+":
        return 1.0
    if reader.sign == "-" and len(values) == 2:
        return (1.0, -1.0)[place]
    if reader.sign == "*" and len(values) == 2:
        return values[1 - place]
    return None


@pytest.mark.parametrize("name", SMALL)
def test_operations_give_the_values_and_the_chain_rule_the_gradients(name: str) -> None:
    found, _ = pictured(name, 3, 0)
    training, single = load(name).training, load(name).schedule.batch_size == 1
    values = [[found[at].value for at in one.inputs] for one in found]
    whole = {"+": sum, "*": math.prod, "-": lambda pair: pair[0] - pair[1]}
    for one, own in zip(found, values, strict=True):
        if one.sign in whole and len(own) > 1:
            assert math.isclose(one.value, whole[one.sign](own), rel_tol=1e-12, abs_tol=1e-12)
    checked = 0
    for at, one in enumerate(found):
        paths = [
            (reader.gradient or 0.0, slope(reader, own, reader.inputs.index(at)))
            for reader, own in zip(found, values, strict=True)
            if at in reader.inputs
        ]
        # of weights there are further paths, through other samples
        apart = bool(one.name) and not single
        if not paths or one.gradient is None or apart or training.mistakes or training.l2:
            continue
        if all(local is not None for _, local in paths):
            total = sum(gradient * (local or 0.0) for gradient, local in paths)
            assert math.isclose(one.gradient, total, rel_tol=1e-9, abs_tol=1e-15)
            checked += 1
    assert checked > 3 or training.mistakes or training.l2
