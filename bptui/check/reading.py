"""Reads what the user's function returned as named quantities in the shapes of the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bptui.check.diagnosis.trials import Case, FunctionName
from bptui.check.runner import Answer, AnyArray, Argument, Other, Value
from bptui.core.arrays import Array
from bptui.core.network import Names

PRECISIONS = {"float16": 2e-2, "float32": 1e-4}
"""The relative error that numbers of a type may carry; of float64 the diagnosis knows."""
NEAR = 1e-4
"""How near, of the right values' own size, values are that match: nearer than any mistake's."""
ORDERS = (
    ("{W} {b}", ""),
    ("{W.b}", ""),
    ("{b} {W}", "the biases' part comes first"),
    ("{b.W}", "the biases' part comes first"),
)
"""Orders of a flat or nested list: all weights, all biases; layer after layer; and what to note."""
PREFIXES = {
    "gradients": r"(?:g|d|grad|gradient|dL_?d|dE_?d|dJ_?d|delta)?_?",
    "step": r"(?:new)?_?",
}
PARAMETERS = r"(?P<kind>w|b|weights?|bias|biases)_?(?P<layer>\d*)"
"""What dicts call parameters, behind a prefix: dW1, grad_b2; weights for all of them."""
TURNED = "the weights' gradients have shape (fan_out, fan_in)"


class UnreadableError(Exception):
    """What was returned is not what the function may return; the message says why."""


@dataclass(frozen=True)
class Layout:
    """One way of reading a list: the names of its ``arrays``, in its order.

    ``turned``: matrices are transposed. ``backwards``: from the last layer to the first.
    """

    names: tuple[str, ...]
    arrays: tuple[AnyArray, ...]
    note: str = ""
    turned: bool = False
    backwards: bool = False


@dataclass
class Reading:
    """The quantities of one call, the precision of their types, and what is worth saying."""

    case: Case
    function: FunctionName
    biases: bool
    turned: bool
    """Whether matrices are transposed: in the preset's own case their shapes tell, if they can."""
    quantities: dict[str, Array] = field(default_factory=dict)
    precision: float = 1e-9
    notes: list[str] = field(default_factory=list)

    @property
    def names(self) -> Names:
        return self.case.experiment.network.names

    @property
    def prefix(self) -> str:
        return "g" if self.function == "gradients" else ""

    def right(self, name: str, call: int = 0) -> Array:
        """Return the right value of ``name``: gW1, gb1 of a step; W1, b1 as they are after it."""
        snapshot = self.case.right[call]
        if name in snapshot.values:
            return snapshot.values[name]
        return snapshot.updated_parameters.named()[name]

    def note(self, text: str) -> None:
        if text and text not in self.notes:
            self.notes.append(text)

    def take(self, name: str, array: AnyArray) -> None:
        """Keep ``array`` under ``name`` in the shape it should have.

        Raises :class:`UnreadableError` where it cannot be brought into it.
        """
        self.precision = max(self.precision, PRECISIONS.get(array.dtype.name, 0.0))
        if array.dtype.kind in "iub" and array.size > 1:
            self.note(f"{name} holds whole numbers ({array.dtype}), so decimals are lost")
        self.quantities[name] = self._fitted(name, np.asarray(array, dtype=np.float64))

    def _fitted(self, name: str, array: Array) -> Array:
        wanted = self.right(name).shape
        if name == "loss":
            return self._loss(array)
        if fits(array, wanted):
            return array.reshape(wanted)
        result = name.startswith(("g", "W", "b"))
        if not result and array.ndim == 2 and array.T.shape == wanted:
            self.note(in_columns(name))
            return array.T
        shape = f"{name} has shape {array.shape}"
        if array.shape == wanted[::-1]:
            raise UnreadableError(f"{shape}, the transpose of {wanted}")
        whose = f", the shape of {name[1:]}" if name.startswith("g") else ""
        raise UnreadableError(f"{shape}; expected {wanted}{whose}")

    def _loss(self, array: Array) -> Array:
        """Return one number; a loss given for each sample, or each output, is put together."""
        if array.size == 1:
            return array.reshape(1, 1)
        experiment, samples = self.case.experiment, self.case.samples
        outputs = experiment.network.layers[-1]
        each_output = array.shape == (samples, outputs) or (samples == 1 and array.size == outputs)
        if not each_output and array.shape not in ((samples,), (samples, 1)):
            raise UnreadableError(f"the loss has shape {array.shape}; expected a single number")
        parts = samples if experiment.training.reduction == "mean" else 1
        parts *= outputs if each_output and experiment.loss.averaged else 1
        self.note("the loss was returned in parts, which were combined")
        return np.array([[array.sum() / parts]])


def in_columns(name: str) -> str:
    """Return the note on a quantity whose samples stand in columns."""
    return f"{name} has its samples in columns"


def fits(array: AnyArray, wanted: tuple[int, ...]) -> bool:
    """Tell whether a shape is the wanted one, but for axes of length 1."""
    return array.squeeze().shape == tuple(each for each in wanted if each != 1)


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
    given, alone = answer.given, _array(answer.given)
    several = case.experiment.network.parameter_count > 1
    if function == "step" and several and alone is not None and alone.size == 1:
        given = None  # its loss, after changing the parameters in place
    if isinstance(given, Other):
        raise UnreadableError(f"it returned {given.text}; expected {expected(function, biases)}")
    if given is None and function == "gradients":
        raise UnreadableError(f"it returned nothing; expected {expected(function, biases)}")
    _value(reading, given)
    places = {"W": 2, "b": 3} if biases else {"W": 2}
    for kind, place in places.items() if function == "step" else ():
        if f"{kind}1" in reading.quantities or isinstance(given, dict):
            continue
        after = answer.changed.get(place, arguments[place])
        arrays = _arrays(after) or ()
        if len(arrays) != reading.names.depth:
            raise UnreadableError("it left no arrays in the list of its argument")
        for layer, array in enumerate(arrays, 1):
            reading.take(f"{kind}{layer}", array)
        if kind == "W" and not biases and place not in answer.changed:
            reading.note("it returned nothing and changed no weights in place")
    return reading


def expected(function: FunctionName, biases: bool) -> str:
    """Return what the function may return, for messages."""
    if function == "gradients":
        several = ", or (weight gradients, bias gradients)" if biases else ""
        return f"a list of weight gradients{several}, or a dict with names such as gW1"
    several = ", or (weights, biases)" if biases else ""
    return f"the list of the new weights{several}, or nothing after changing them in place"


def _value(reading: Reading, given: Value) -> None:
    if given is None:
        return
    if isinstance(given, dict):
        _named(reading, given)
        return
    layouts = [*_layouts(reading, given)]
    best = min(layouts, key=lambda each: _rank(reading, each), default=None)
    if best is None or _misfits(reading, best):
        loss, rest = _with_loss(given)
        if loss is not None:
            _value(reading, rest)
            if reading.function == "gradients":
                reading.take("loss", loss)
            return
        trouble = _trouble(given)
        if trouble:
            what = expected(reading.function, reading.biases)
            raise UnreadableError(f"it returned {trouble}; expected {what}")
    if best is None:
        count = len(given) if isinstance(given, list) else 1
        text = "one array" if count == 1 else f"{count} arrays"
        what = expected(reading.function, reading.biases)
        raise UnreadableError(f"it returned {text}; expected {what}")
    _take_all(reading, best)


def _take_all(reading: Reading, layout: Layout) -> None:
    if layout.backwards:
        first = f"{reading.prefix}W1"
        raise UnreadableError(
            f"the order is from the last layer to the first; expected {first} first"
        )
    reading.note(layout.note)
    if layout.turned:
        reading.turned = True
        reading.note(TURNED)
    for name, array in zip(layout.names, layout.arrays, strict=True):
        reading.take(name, array)


def _with_loss(given: Value) -> tuple[AnyArray | None, Value]:
    """Return the loss in (loss, gradients), and what comes with it."""
    if isinstance(given, list) and len(given) > 1:
        loss, rest = _array(given[0]), given[1:]
        if loss is not None and loss.size == 1:
            return loss, rest[0] if len(rest) == 1 else rest
        return None, None
    return None, None


def _trouble(given: Value, place: str = "") -> str:
    """Return what in ``given`` is no number, and where; "" for nothing."""
    if isinstance(given, Other | dict):
        text = given.text if isinstance(given, Other) else "a dict"
        return f"a list, where {place} is {text}" if place else text
    members = given if isinstance(given, list) else ()
    found = (_trouble(each, f"{place}[{at}]") for at, each in enumerate(members))
    return next(filter(None, found), "")


def _array(value: Value) -> AnyArray | None:
    """Return ``value``, perhaps nested lists, as one array of numbers; None where it is none."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, bool | int | float):
        return np.asarray(float(value) if isinstance(value, int) and abs(value) > 1e15 else value)
    if not isinstance(value, list):
        return None
    members = [_array(each) for each in value]
    known = [each for each in members if each is not None]
    if len(known) < len(value) or len({each.shape for each in known}) > 1:
        return None
    return np.array(known)


def _members(value: Value) -> list[Value]:
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim else []
    return [each for each in value if each is not None] if isinstance(value, list) else []


def _arrays(values: object) -> tuple[AnyArray, ...] | None:
    """Return members that all are arrays of numbers; else None."""
    assert isinstance(values, list)
    arrays = [_array(each) for each in values]
    known = tuple(each for each in arrays if each is not None)
    return known if len(known) == len(arrays) else None


def _layouts(reading: Reading, given: Value) -> Iterator[Layout]:
    """Yield all ways of reading a value: as one array, its members, or their members in turn."""
    members = _members(given)
    within = [_members(each) for each in members]
    for level in ([given], members, [each for part in within for each in part]):
        arrays = _arrays(level)
        if arrays is not None:
            for names, note, backwards in _orders(reading, len(arrays)):
                yield from _both_ways(reading, Layout(names, arrays, note, backwards=backwards))


def _both_ways(reading: Reading, layout: Layout) -> Iterator[Layout]:
    """Yield the layout, and where that is possible the one of transposed matrices."""
    own = reading.case.own and reading.function == "gradients"
    if not reading.turned:
        yield layout
    if reading.turned or own:
        arrays = tuple(
            array.T if name.startswith("gW") else array
            for name, array in zip(layout.names, layout.arrays, strict=True)
        )
        yield Layout(layout.names, arrays, layout.note, True, layout.backwards)


def _orders(reading: Reading, count: int) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield the names of ``count`` arrays in each order of the table, forwards and backwards."""
    depth = reading.names.depth
    for backwards in (False, True) if depth > 1 else (False,):
        layers = range(depth, 0, -1) if backwards else range(1, depth + 1)
        kinds = {kind: [f"{reading.prefix}{kind}{layer}" for layer in layers] for kind in "Wb"}
        if count == depth:
            yield tuple(kinds["W"]), "", backwards
        if count != 2 * depth or not reading.biases:
            continue
        for order, note in ORDERS:
            one, other = (kinds[each] for each in order if each in kinds)
            together = "." in order
            pairs = zip(one, other, strict=True)
            names = [each for pair in pairs for each in pair] if together else [*one, *other]
            yield tuple(names), note, backwards


def _misfits(reading: Reading, layout: Layout) -> int:
    pairs = zip(layout.arrays, layout.names, strict=True)
    return sum(not fits(array, reading.right(name).shape) for array, name in pairs)


def _rank(reading: Reading, layout: Layout) -> tuple[float, ...]:
    """Return what is least for the most likely way: shapes count most, then the right numbers."""
    shapes = [reading.right(name).shape for name in layout.names]
    pairs = zip(layout.arrays, shapes, strict=True)
    exact = sum(array.shape == shape for array, shape in pairs)
    misfits = _misfits(reading, layout)
    away = np.inf if misfits else distance(reading, layout)
    unlikely = away > NEAR
    # what is turned or in an unusual order is so only where nothing usual has the shapes
    return (
        misfits,
        unlikely and layout.backwards,
        layout.turned,
        -exact,
        unlikely,
        bool(layout.note),
        away,
    )


def distance(reading: Reading, layout: Layout) -> float:
    """Return how far arrays that fit are from the right values of a call, by the values' own size.

    Infinite where they are not finite. Which call they are of is not known: it is the nearest.
    """
    found = np.concatenate([np.asarray(each, np.float64).ravel() for each in layout.arrays])
    distances = [np.inf]
    with np.errstate(all="ignore"):
        for call in range(len(reading.case.right)):
            right = [reading.right(name, call).ravel() for name in layout.names]
            wanted = np.concatenate(right)
            size = float(np.linalg.norm(wanted)) or 1.0
            distances.append(float(np.linalg.norm(found - wanted)) / size)
    return min(each for each in distances if not np.isnan(each))


def _named(reading: Reading, given: dict[str, Value]) -> None:
    """Read the entries of a dict; gw1, gw2, ... are put together to gW1, ..."""
    results, ignored, unusable = dict[str, AnyArray](), list[str](), list[str]()
    singles = dict[str, AnyArray]()
    known = {name.lower(): name for name in known_names(reading.names, reading.function)}
    pattern = re.compile(f"{PREFIXES[reading.function]}{PARAMETERS}", re.IGNORECASE)
    for name, value in given.items():
        if value is None:
            continue
        array, match = _array(value), pattern.fullmatch(name)
        kind = f"{reading.prefix}{'W' if match['kind'][0] in 'wW' else 'b'}" if match else ""
        target = known.get(f"{kind}{match['layer']}".lower() if match else name.lower())
        if match and not match["layer"]:
            for layer, part in enumerate(_all_layers(reading, kind, value, array), 1):
                results[f"{kind}{layer}"] = part
        elif match and match["kind"] == "w" and array is not None and array.size == 1:
            singles[f"w{match['layer']}"] = array
        elif target is None:
            ignored.append(name)
        elif array is None:
            unusable.append(f"{name} is {_trouble(value) or 'no array of numbers'}")
        else:
            results[target] = array
    results |= _put_together(reading, singles)
    if ignored:
        shown = ", ".join(repr(each) for each in ignored[:5])
        reading.note(f"ignored, as this network has no such quantities: {shown}")
    if unusable:
        reading.note(f"ignored: {'; '.join(unusable)}")
    if not results:
        found = f"with {shown}" if ignored else "without any values"
        if unusable:
            found = f"in which {'; '.join(unusable)}"
        raise UnreadableError(
            f"it returned a dict {found}; expected names among {', '.join(known.values())}, "
            "with arrays of numbers"
        )
    layout = Layout(tuple(results), tuple(results.values()))
    _take_all(reading, min(_both_ways(reading, layout), key=lambda each: _rank(reading, each)))


def _all_layers(
    reading: Reading, kind: str, value: Value, array: AnyArray | None
) -> Sequence[AnyArray]:
    """Return what a dict has for all layers together; of a single layer perhaps its own alone."""
    depth, layers = reading.names.depth, _arrays(_members(value)) or ()
    if len(layers) == depth:
        return layers
    if depth == 1 and array is not None:
        return (array,)
    what = {"gW": "weight gradients", "gb": "bias gradients", "W": "weights", "b": "biases"}
    raise UnreadableError(
        f"it returned {len(layers) or 1} arrays of {what[kind]}; expected {depth}, "
        "one for every layer after the input"
    )


def _put_together(reading: Reading, singles: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the matrices that single weights are the elements of."""
    names, made = reading.names, dict[str, AnyArray]()
    for layer in range(1, names.depth + 1) if singles else ():
        name = f"{reading.prefix}W{layer}"
        shape = reading.right(name).shape
        elements = [names.weight(layer, i, j) for i, j in np.ndindex(*shape)]
        missing = [each for each in elements if each not in singles]
        if len(missing) == len(elements):
            continue
        if missing:
            gone = f"{reading.prefix}{missing[0]}"
            raise UnreadableError(f"the dict has some elements of {name}, but not {gone}")
        made[name] = np.array([singles[each].reshape(()) for each in elements]).reshape(shape)
    return made


def known_names(names: Names, function: FunctionName) -> list[str]:
    """Return the names that a dict may have, in the order of a step."""
    layers = range(1, names.depth + 1)
    if function == "step":
        return [f"{kind}{layer}" for layer in layers for kind in "Wb"]
    forward = [name for layer in layers for name in (names.net(layer), names.out(layer))]
    deltas = [names.delta(layer) for layer in reversed(layers)]
    return [*forward, "loss", *deltas, *(f"g{kind}{layer}" for layer in layers for kind in "Wb")]
