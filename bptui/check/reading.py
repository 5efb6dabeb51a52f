"""Reads what the user's function returned as named quantities in the shapes of the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bptui.check.comparing import chain, is_result
from bptui.check.runner import Answer, AnyArray, Argument, Other, Value
from bptui.check.trials import Case, FunctionName
from bptui.core.arrays import Array

PRECISIONS = {"float16": 2e-2, "float32": 1e-4}
"""The relative error that numbers of a type may carry; of float64 the diagnosis knows."""
NEAR = 1e-4
"""How near, of the right values' own size, values are that match: nearer than any mistake's."""
ORDERS = (
    ("Wb", False, ""),
    ("Wb", True, ""),
    ("bW", False, "the biases' part comes first"),
    ("bW", True, "the biases' part comes first"),
)
"""Orders of a list: which kind first, whether layer after layer, and what is worth a note."""
PARAMETER = {
    "gradients": r"(?:g|d|grad|gradient|dL_?d|dE_?d|dJ_?d|delta)?_?",
    "step": r"(?:new)?_?",
}
KIND = r"(?P<kind>w|b|weights?|bias|biases)_?(?P<layer>\d*)"
"""What dicts call parameters, behind those prefixes: dW1, grad_b2; weights for all of them."""
TURNED = "the weights' gradients have shape (fan_out, fan_in)"


class UnreadableError(Exception):
    """What was returned is not what the function may return; the message says why."""


@dataclass(frozen=True)
class Layout:
    """One way of reading a value: the names of its ``arrays``, in its order.

    ``turned``: matrices are transposed. ``backwards``: from the last layer to the first.
    """

    names: tuple[str, ...]
    arrays: tuple[AnyArray, ...]
    note: str = ""
    turned: bool = False
    backwards: bool = False


@dataclass
class Reading:
    """The quantities of one call, the precision of their types, and what is worth saying.

    ``turned``: matrices are transposed; in the preset's own case their shapes tell, if they can.
    """

    case: Case
    function: FunctionName
    biases: bool
    turned: bool
    quantities: dict[str, Array] = field(default_factory=dict)
    precision: float = 1e-9
    notes: list[str] = field(default_factory=list)
    spoiled: dict[str, tuple[AnyArray, str]] = field(default_factory=dict)
    """Results that cannot be right whatever they hold: as they came, and why."""

    def __post_init__(self) -> None:
        self.names = self.case.experiment.network.names
        self.prefix = "g" if self.function == "gradients" else ""

    @property
    def misshapen(self) -> list[str]:
        """Return the results that have another shape than they should."""
        return [name for name in self.spoiled if np.isnan(self.quantities[name]).all()]

    def right(self, name: str, call: int = 0) -> Array:
        """Return the right value of ``name``: gW1, gb1 of a step; W1, b1 as they are after it."""
        snapshot = self.case.right[call]
        if name in snapshot.values:
            return snapshot.values[name]
        return snapshot.updated_parameters.named()[name]

    def unreadable(self, found: str) -> UnreadableError:
        return UnreadableError(f"it returned {found}; expected {self.expected()}")

    def expected(self) -> str:
        """Return what the function may return, for messages."""
        if self.function == "gradients":
            several = ", or (weight gradients, bias gradients)" if self.biases else ""
            return f"a list of weight gradients{several}, or a dict with names such as gW1"
        several = ", or (weights, biases)" if self.biases else ""
        return f"the list of the new weights{several}, or nothing after changing them in place"

    def take(self, layout: Layout) -> None:
        """Keep the arrays of ``layout`` in the shapes they should have."""
        if layout.backwards:
            raise UnreadableError(
                f"the order is from the last layer to the first; expected {self.prefix}W1 first"
            )
        self.turned = layout.turned
        self.notes += [note for note in (layout.note, TURNED if layout.turned else "") if note]
        for name, array in zip(layout.names, layout.arrays, strict=True):
            self.precision = max(self.precision, PRECISIONS.get(array.dtype.name, 0.0))
            if array.dtype.kind in "iub" and array.size > 1:
                why = f"it holds whole numbers ({array.dtype}), so decimals are lost"
                self.spoiled[name] = array, why
            self.quantities[name] = self._fitted(name, np.asarray(array, dtype=np.float64))

    def _fitted(self, name: str, array: Array) -> Array:
        wanted = self.right(name).shape
        if name == "loss":
            return self._loss(array)
        if fits(array, wanted):
            return array.reshape(wanted)
        if not is_result(name) and array.ndim == 2 and array.T.shape == wanted:
            self.notes.append(in_columns(name))
            return array.T
        whose = f", the shape of {name[1:]}" if name.startswith("g") else ""
        expected = f"has shape {array.shape}; expected {wanted}{whose}"
        if array.shape == wanted[::-1]:
            expected = f"has shape {array.shape}, the transpose of {wanted}"
        if not is_result(name):
            raise UnreadableError(f"{name} {expected}")
        self.spoiled[name] = array, f"it {expected}"
        return np.full(wanted, np.nan)

    def _loss(self, array: Array) -> Array:
        """Return one number; a loss given for each sample, or each output, is put together."""
        if array.size == 1:
            return array.reshape(1, 1)
        experiment, samples = self.case.experiment, self.case.samples
        outputs = experiment.network.layers[-1]
        of_outputs = array.shape == (samples, outputs) or (samples == 1 and array.size == outputs)
        if not of_outputs and array.shape not in ((samples,), (samples, 1)):
            raise UnreadableError(f"the loss has shape {array.shape}; expected a single number")
        parts = samples if experiment.training.reduction == "mean" else 1
        parts *= outputs if of_outputs and experiment.loss.averaged else 1
        self.notes.append("the loss was returned in parts, which were combined")
        return np.array([[array.sum() / parts]])


def in_columns(name: str) -> str:
    """Return the note on a quantity whose samples stand in columns."""
    return f"{name} has its samples in columns"


def fits(array: AnyArray, wanted: tuple[int, ...]) -> bool:
    """Tell whether a shape is the wanted one, but for axes of length 1."""
    return array.squeeze().shape == tuple(length for length in wanted if length != 1)


def read(
    answer: Answer,
    arguments: Sequence[Argument],
    function: FunctionName,
    case: Case,
    biases: bool,
    turned: bool = False,
) -> Reading:
    """Return the named quantities in ``answer`` to a call with ``arguments``.

    ``turned``: matrices came transposed in the preset's own case. Raises :class:`UnreadableError`
    where the value is not what ``function`` may return.
    """
    reading = Reading(case, function, biases, turned)
    given, alone = answer.given, as_array(answer.given)
    several = case.experiment.network.parameter_count > 1
    if function == "step" and several and alone is not None and alone.size == 1:
        given = None  # its loss, after changing the parameters in place
    if given is not None:
        layouts = [*_layouts(reading, given)]
        best = min(layouts, key=lambda layout: _rank(reading, layout), default=None)
        trouble = _trouble(given) if best is None or _misfits(reading, best) else ""
        if best is None or trouble:
            count = len(given) if isinstance(given, list) else 1
            raise reading.unreadable(trouble or f"{count or 'no'} array{'s' * (count != 1)}")
        reading.take(best)
        if len(reading.misshapen) == len(reading.quantities):
            name = next(iter(reading.misshapen))
            raise UnreadableError(f"{name}: {reading.spoiled[name][1]}")
    elif function == "gradients":
        raise reading.unreadable("nothing")
    if function == "step" and not isinstance(given, dict):
        _in_place(reading, answer, arguments)
    return reading


def _in_place(reading: Reading, answer: Answer, arguments: Sequence[Argument]) -> None:
    """Take the parameters that were not returned, as the step left them in its arguments."""
    for kind, place in (("W", 2), ("b", 3)) if reading.biases else (("W", 2),):
        if f"{kind}1" not in reading.quantities:
            arrays = _arrays(answer.changed.get(place, arguments[place]))
            if arrays is None or len(arrays) != reading.names.depth:
                raise UnreadableError("its lists of parameters no longer hold arrays of numbers")
            names = tuple(f"{kind}{layer}" for layer, _ in enumerate(arrays, 1))
            reading.take(Layout(names, arrays))
            if not reading.biases and place not in answer.changed:
                reading.notes.append("it returned nothing and changed no weights in place")


def as_array(value: object) -> AnyArray | None:
    """Return ``value``, perhaps nested lists, as one array of numbers; None where it is none."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, bool | int | float):
        return np.asarray(float(value) if abs(value) > 1e15 else value)
    arrays = _arrays(value)
    return np.array(arrays) if arrays is not None and len({x.shape for x in arrays}) < 2 else None


def _arrays(values: object) -> tuple[AnyArray, ...] | None:
    """Return the members of a list, if all are arrays of numbers; else None."""
    arrays = [as_array(value) for value in values] if isinstance(values, list) else [None]
    known = tuple(array for array in arrays if array is not None)
    return known if len(known) == len(arrays) else None


def _members(value: Value) -> list[Value]:
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim else []
    return [member for member in value if member is not None] if isinstance(value, list) else []


def _trouble(given: Value, place: str = "") -> str:
    """Return what in ``given`` is no number, and where; "" for nothing."""
    if isinstance(given, Other | dict) and (place or isinstance(given, Other)):
        text = given.text if isinstance(given, Other) else "a dict"
        return f"a list, where {place} is {text}" if place else text
    members = given if isinstance(given, list) else ()
    found = (_trouble(member, f"{place}[{at}]") for at, member in enumerate(members))
    return next(filter(None, found), "")


def _layouts(reading: Reading, given: Value) -> Iterator[Layout]:
    """Yield all ways of reading a value: as one array, its members, or their members in turn.

    Or as a loss and what comes behind it.
    """
    if isinstance(given, dict):
        yield from _both_ways(reading, _named(reading, given))
        return
    members = _members(given)
    within = [member for part in members for member in _members(part)]
    for level in ([given], members, within):
        arrays = _arrays(level)
        for names, note, backwards in _orders(reading, len(arrays or ())):
            layout = Layout(names, arrays or (), note, backwards=backwards)
            yield from _both_ways(reading, layout)
    loss = as_array(members[0]) if isinstance(given, list) and len(members) > 1 else None
    if loss is not None and loss.size == 1 and reading.function == "gradients":
        for layout in _layouts(reading, members[1] if len(members) == 2 else members[1:]):
            names, arrays = ("loss", *layout.names), (loss, *layout.arrays)
            yield replace(layout, names=names, arrays=arrays)


def _both_ways(reading: Reading, layout: Layout) -> Iterator[Layout]:
    """Yield the layout, and where that is possible the one of transposed matrices."""
    if not reading.turned:
        yield layout
    if reading.turned or (reading.case.own and reading.function == "gradients"):
        pairs = zip(layout.names, layout.arrays, strict=True)
        arrays = tuple(array.T if name.startswith("gW") else array for name, array in pairs)
        yield replace(layout, arrays=arrays, turned=True)


def _orders(reading: Reading, count: int) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield the names of ``count`` arrays in each order of the table, forwards and backwards."""
    depth, prefix = reading.names.depth, reading.prefix
    for backwards in (False, True) if depth > 1 else (False,):
        layers = range(depth, 0, -1) if backwards else range(1, depth + 1)
        if count == depth:
            yield tuple(f"{prefix}W{layer}" for layer in layers), "", backwards
        for kinds, by_layer, note in ORDERS if count == 2 * depth and reading.biases else ():
            names = [f"{prefix}{kind}{layer}" for kind in kinds for layer in layers]
            if by_layer:
                names = [f"{prefix}{kind}{layer}" for layer in layers for kind in kinds]
            yield tuple(names), note, backwards


def _misfits(reading: Reading, layout: Layout) -> int:
    pairs = zip(layout.arrays, layout.names, strict=True)
    results = [(array, reading.right(name).shape) for array, name in pairs if is_result(name)]
    return sum(not fits(array, wanted) for array, wanted in results)


def _rank(reading: Reading, layout: Layout) -> tuple[float, ...]:
    """Return what is least for the most likely way: shapes count most, then the right numbers."""
    pairs = zip(layout.arrays, layout.names, strict=True)
    exact = sum(array.shape == reading.right(name).shape for array, name in pairs)
    misfits = _misfits(reading, layout)
    away = np.inf if misfits else _distance(reading, layout)
    far = away > NEAR
    # what is turned or in an unusual order is so only where nothing usual has the shapes
    unusual = far and layout.backwards, layout.turned
    return misfits, "loss" in layout.names, *unusual, -exact, far, bool(layout.note), away


def _distance(reading: Reading, layout: Layout) -> float:
    """Return how far arrays that fit are from the right values of a call, by the values' own size.

    Infinite where they are not finite. Which call they are of is not known: it is the nearest.
    """
    found = np.concatenate([np.asarray(array, np.float64).ravel() for array in layout.arrays])
    distances = [np.inf]
    with np.errstate(all="ignore"):
        for call in range(len(reading.case.right)):
            right = np.concatenate([reading.right(name, call).ravel() for name in layout.names])
            if right.size == found.size:
                size = float(np.linalg.norm(right)) or 1.0
                distances.append(float(np.linalg.norm(found - right)) / size)
    return min(distance for distance in distances if not np.isnan(distance))


def _named(reading: Reading, given: dict[str, Value]) -> Layout:
    """Return the arrays of a dict by their names; gw1, gw2, ... are put together to gW1, ..."""
    results, singles = dict[str, AnyArray](), dict[str, AnyArray]()
    ignored, unusable = list[str](), list[str]()
    names = chain(reading.case.experiment.network, reading.function)
    known = {name.lower(): name for name in names}
    pattern = re.compile(PARAMETER[reading.function] + KIND, re.IGNORECASE)
    for name, value in given.items():
        array, match = as_array(value), pattern.fullmatch(name)
        kind = f"{reading.prefix}{'W' if match['kind'][0] in 'wW' else 'b'}" if match else ""
        target = known.get(f"{kind}{match['layer']}".lower() if match else name.lower())
        if value is None:
            continue
        if match and not match["layer"] and f"{kind}1" in names:
            layers = _all_layers(reading, kind, value)
            results |= {f"{kind}{layer}": one for layer, one in enumerate(layers, 1)}
        elif match and match["kind"] == "w" and array is not None and array.size == 1:
            singles[f"w{match['layer']}"] = array
        elif target is not None and array is not None:
            results[target] = array
        elif target is None:
            ignored.append(repr(name))
        else:
            text = "a dict" if isinstance(value, dict) else _trouble(value)
            unusable.append(f"{name} is {text or 'no array of numbers'}")
    results |= _put_together(reading, singles)
    shown = ", ".join(ignored[:5])
    if not results:
        found = f"with {shown}" if ignored else "without any values"
        found = f"in which {'; '.join(unusable)}" if unusable else found
        raise UnreadableError(
            f"it returned a dict {found}; expected names among {', '.join(names)}, with arrays of "
            "numbers"
        )
    if ignored:
        reading.notes.append(f"ignored, as this network has no such quantities: {shown}")
    if unusable:
        reading.notes.append(f"ignored: {'; '.join(unusable)}")
    return Layout(tuple(results), tuple(results.values()))


def _all_layers(reading: Reading, kind: str, value: Value) -> Sequence[AnyArray]:
    """Return what a dict has for all layers together; of a single layer perhaps its own alone."""
    depth, alone = reading.names.depth, as_array(value)
    layers = _arrays(_members(value)) or ()
    if len(layers) != depth and depth == 1 and alone is not None:
        layers = (alone,)
    if len(layers) != depth:
        what = {"gW": "weight gradients", "gb": "bias gradients", "W": "weights", "b": "biases"}
        raise UnreadableError(
            f"it returned {len(layers) or 1} arrays of {what[kind]}; expected {depth}, "
            "one for every layer after the input"
        )
    return layers


def _put_together(reading: Reading, singles: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the matrices that single weights are the elements of."""
    made = dict[str, AnyArray]()
    for layer in range(1, reading.names.depth + 1) if singles else ():
        name = f"{reading.prefix}W{layer}"
        shape = reading.right(name).shape
        elements = [reading.names.weight(layer, i, j) for i, j in np.ndindex(*shape)]
        missing = [element for element in elements if element not in singles]
        if not missing:
            made[name] = np.array([singles[one].reshape(()) for one in elements]).reshape(shape)
        elif len(missing) < len(elements):
            gone = f"{reading.prefix}{missing[0]}"
            raise UnreadableError(f"the dict has some elements of {name}, but not {gone}")
    return made
