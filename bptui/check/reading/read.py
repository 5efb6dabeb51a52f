"""Reads what the user's function returned as named quantities in the shapes of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bptui.check.answers import Answer, AnyArray, Given
from bptui.check.diagnosis.trials import Case, FunctionName
from bptui.check.reading.orders import (
    NEAR,
    backwards,
    distance,
    fitting,
    nearest_fit,
    orders,
)
from bptui.core.arrays import Array
from bptui.core.network import Names

PRECISIONS = {"float16": 2e-2, "float32": 1e-4}
"""The relative error that numbers of a type may carry; of float64 the diagnosis knows."""


class UnreadableError(Exception):
    """What was returned is not what the function may return; the message says why."""


@dataclass
class Reading:
    """The quantities of one call, the precision of their types, and what is worth saying."""

    names: Names
    case: Case
    quantities: dict[str, Array] = field(default_factory=dict)
    precision: float = 1e-9
    notes: list[str] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return self.names.depth

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of the engine's array of that name."""
        first = self.case.right[0]
        if name.startswith(("W", "b")):
            parameters = first.parameters
            group = parameters.weights if name[0] == "W" else parameters.biases or ()
            return group[int(name[1:]) - 1].shape
        return first.values[name].shape

    def take(self, name: str, array: AnyArray) -> None:
        """Keep ``array`` under ``name`` in the shape it should have.

        Raises :class:`UnreadableError` where it cannot be brought into it.
        """
        if not np.issubdtype(array.dtype, np.number) and array.dtype != np.bool_:
            raise UnreadableError(f"{name} holds {array.dtype}, not numbers")
        kind = np.dtype(array.dtype)
        if np.issubdtype(kind, np.complexfloating):
            raise UnreadableError(f"{name} holds complex numbers")
        self.precision = max(self.precision, PRECISIONS.get(kind.name, 0.0))
        if kind.kind in "iub" and array.size > 1:
            self.note(f"{name} holds whole numbers ({kind.name}), so decimals are lost")
        self.quantities[name] = self._fitted(name, np.asarray(array, dtype=np.float64))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _fitted(self, name: str, array: Array) -> Array:
        wanted = self.shape(name)
        if array.shape == wanted:
            return array
        if name == "loss":
            return self._loss(array)
        squeezed = array.squeeze()
        if squeezed.shape == tuple(each for each in wanted if each != 1):
            return squeezed.reshape(wanted)
        parameter = name.startswith(("g", "W", "b"))
        if not parameter and array.ndim == 2 and array.T.shape == wanted:
            self.note(in_columns(name))
            return array.T
        shape = f"{name} has shape {array.shape}"
        if array.shape == wanted[::-1]:
            raise UnreadableError(f"{shape}, the transpose of {wanted}")
        whose = f", the shape of {name[1:]}" if name.startswith("g") else ""
        raise UnreadableError(f"{shape}; expected {wanted}{whose}")

    def _loss(self, array: Array) -> Array:
        """One number; a loss given for each sample, or each output, is put together."""
        if array.size == 1:
            return array.reshape(1, 1)
        samples, training = self.case.samples, self.case.experiment.training
        outputs = self.case.experiment.network.layers[-1]
        if array.shape in ((samples,), (samples, 1), (samples, outputs)):
            total = array.sum() / (samples if training.reduction == "mean" else 1)
            if array.shape == (samples, outputs) and self.case.experiment.loss.averaged:
                total /= outputs
            self.note("the loss was returned in parts, which were combined")
            return np.array([[total]])
        if array.shape == (outputs,) and samples == 1:
            mean = self.case.experiment.loss.averaged
            self.note("the loss was returned in parts, which were combined")
            return np.array([[array.sum() / (outputs if mean else 1)]])
        raise UnreadableError(f"the loss has shape {array.shape}; expected a single number")


def in_columns(name: str) -> str:
    """The note on a quantity whose samples stand in columns."""
    return f"{name} has its samples in columns"


def read(answer: Answer, function: FunctionName, case: Case, biases: bool) -> Reading:
    """The named quantities in ``answer``.

    Raises :class:`UnreadableError` where the value is not what ``function`` may return.
    """
    reading = Reading(case.experiment.network.names, case)
    given, prefix = answer.given, "g" if function == "gradients" else ""
    if given.kind == "other":
        raise UnreadableError(f"it returned {given.text}; expected {expected(function, biases)}")
    if given.kind == "nothing":
        if function == "gradients":
            raise UnreadableError(f"it returned nothing; expected {expected(function, biases)}")
        _in_place(reading, answer, biases)
    elif given.kind == "dict":
        _named(reading, given, function)
    elif given.kind == "pair":
        _pair(reading, prefix, given)
    else:
        _sequence(reading, prefix, _unstacked(given, reading.depth), function, biases)
    if function == "step" and biases and "b1" not in reading.quantities:
        after = answer.arguments[3]
        if given.kind != "dict" and isinstance(after, tuple):
            _all(reading, "b", after)
    return reading


def expected(function: FunctionName, biases: bool) -> str:
    """What the function may return, for messages."""
    if function == "gradients":
        several = ", or (weight gradients, bias gradients)" if biases else ""
        return f"a list of weight gradients{several}, or a dict with names such as gW1"
    several = ", or (weights, biases)" if biases else ""
    return f"the list of the new weights{several}, or nothing after changing them in place"


def _unstacked(given: Given, depth: int) -> tuple[AnyArray, ...]:
    """A single array of all layers, stacked, is as good as their list."""
    if given.kind == "array" and depth > 1:
        (array,) = given.arrays
        if array.ndim == 3 and len(array) == depth:
            return tuple(array)
    return given.arrays


def _pair(reading: Reading, prefix: str, given: Given) -> None:
    """The weights' and the biases' part; or, of two layers, the two parts of each layer."""
    weights, biases = given.arrays, given.second
    if biases and not reading.case.experiment.network.bias:
        raise UnreadableError("it returned weights and biases, but takes no biases")
    if len(weights) == len(biases) == reading.depth:
        _ordered(reading, prefix, (*weights, *biases), True)
        return
    _all(reading, f"{prefix}W", weights)
    if biases:
        _all(reading, f"{prefix}b", biases)


def _ordered(reading: Reading, prefix: str, arrays: Sequence[AnyArray], biases: bool) -> None:
    """A list with one array for each layer, or two where there are ``biases``, in some order.

    Raises :class:`UnreadableError` where it goes from the last layer to the first: by its shapes,
    or where these say nothing, because the numbers are the right ones.
    """
    case, among = reading.case, orders(prefix, reading.depth, biases)
    order = fitting(among, arrays, case)
    if order is None or distance(order, arrays, case) > NEAR:
        back = fitting(backwards(prefix, reading.depth, biases), arrays, case)
        unfit = order is None and fitting(among, [each.T for each in arrays], case) is None
        if back is not None and (unfit or distance(back, arrays, case) < NEAR):
            raise UnreadableError(
                f"the order is from the last layer to the first; expected {prefix}W1 first"
            )
    for name, array in zip(order or nearest_fit(among, arrays, case), arrays, strict=True):
        reading.take(name, array)


def _all(reading: Reading, prefix: str, arrays: Sequence[AnyArray]) -> None:
    if len(arrays) != reading.depth:
        what = {"gW": "weight gradients", "gb": "bias gradients", "W": "weights", "b": "biases"}
        raise UnreadableError(
            f"it returned {len(arrays)} arrays of {what[prefix]}; expected {reading.depth}, "
            "one for every layer after the input"
        )
    for layer, array in enumerate(arrays, 1):
        reading.take(f"{prefix}{layer}", array)


def _sequence(
    reading: Reading,
    prefix: str,
    arrays: Sequence[AnyArray],
    function: FunctionName,
    biases: bool,
) -> None:
    depth = reading.depth
    flat = biases and len(arrays) == 2 * depth
    if not flat and len(arrays) != depth:
        count = "one array" if len(arrays) == 1 else f"{len(arrays)} arrays"
        raise UnreadableError(f"it returned {count}; expected {expected(function, biases)}")
    _ordered(reading, prefix, arrays, flat)


def _in_place(reading: Reading, answer: Answer, biases: bool) -> None:
    """Parameters that the function changed where they stand."""
    weights = answer.arguments[2]
    _all(reading, "W", weights if isinstance(weights, tuple) else (weights,))
    before = reading.case.right[0].parameters.weights
    same = all(np.array_equal(one, two) for one, two in zip(before, weights, strict=False))
    if same and not biases:
        reading.note("it returned nothing and changed no weights in place")


def _named(reading: Reading, given: Given, function: FunctionName) -> None:
    """The entries of a dict; gw1, gw2, ... are put together to gW1, ..."""
    known = {name.lower(): name for name in known_names(reading.names, function)}
    scalars = _scalar_places(reading.names, function)
    left: dict[str, AnyArray] = {}
    unknown: list[str] = []
    for name, value in given.items:
        single = not isinstance(value, tuple) and value.size == 1
        if single and name in scalars and name not in known.values():
            left[name] = np.asarray(value)
        elif name.lower() in known and not isinstance(value, tuple):
            reading.take(known[name.lower()], value)
        elif name in ("weights", "biases", "gW", "gb"):
            prefix = "g" if function == "gradients" else ""
            group = f"{prefix}{'W' if name in ('weights', 'gW') else 'b'}"
            _all(reading, group, _layers(value, reading.depth))
        else:
            unknown.append(name)
    for target in dict.fromkeys(scalars[name][0] for name in left):
        places = {name: at for name, (whole, at) in scalars.items() if whole == target}
        missing = [name for name in places if name not in left]
        if missing:
            raise UnreadableError(f"the dict has some elements of {target}, but not {missing[0]}")
        whole = np.empty(reading.shape(target), np.result_type(*(left[name] for name in places)))
        for name, at in places.items():
            whole[at] = left[name].reshape(())
        reading.take(target, whole)
    if unknown:
        shown = ", ".join(repr(each) for each in unknown[:5])
        reading.note(f"ignored, as this network has no such quantities: {shown}")
    if given.text:
        reading.note(f"ignored: {given.text}")
    if not reading.quantities:
        found = f"with {shown}" if unknown else "without any values"
        if given.text:
            found = f"in which {given.text}"
        raise UnreadableError(
            f"it returned a dict {found}; expected names among {', '.join(known.values())}, "
            "with arrays of numbers"
        )


def _layers(value: AnyArray | tuple[AnyArray, ...], depth: int) -> tuple[AnyArray, ...]:
    """Equal shapes of all layers come as one array; of a single layer perhaps its own alone."""
    if isinstance(value, tuple):
        return value
    stacked = value.ndim > 0 and len(value) == depth
    return tuple(np.asarray(each) for each in value) if stacked else (value,)


def known_names(names: Names, function: FunctionName) -> list[str]:
    """The names that a dict may have, in the order of a step."""
    layers = range(1, names.depth + 1)
    if function == "step":
        return [f"{kind}{layer}" for layer in layers for kind in "Wb"]
    forward = [name for layer in layers for name in (names.net(layer), names.out(layer))]
    deltas = [names.delta(layer) for layer in reversed(layers)]
    return [*forward, "loss", *deltas, *(f"g{kind}{layer}" for layer in layers for kind in "Wb")]


def _scalar_places(names: Names, function: FunctionName) -> dict[str, tuple[str, tuple[int, int]]]:
    """gw1 -> gW1[0, 0]; of a step w1 -> W1[0, 0]. Only where there are few."""
    sizes = list(zip(names.layers, names.layers[1:], strict=False))
    if sum(a * b for a, b in sizes) > 1000:
        return {}
    prefix = "g" if function == "gradients" else ""
    return {
        f"{prefix}{names.weight(layer, i, j)}": (f"{prefix}W{layer}", (i, j))
        for layer, (fan_in, fan_out) in enumerate(sizes, 1)
        for i in range(fan_in)
        for j in range(fan_out)
    }
