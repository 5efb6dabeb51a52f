"""Reads what a user's function returned as named quantities in the shapes of the engine.

It runs in the user's Python, beside the function: it imports nothing but numpy.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

DEEPEST, MOST_BYTES, MOST_MEMBERS = 16, 1 << 28, 1 << 21
"""Of what a function returned: lists in lists, an array, and what comes one after the other."""
PRECISIONS = {"float16": 2e-2, "float32": 1e-4}
"""The relative error that numbers of a type may carry; of float64 the diagnosis knows."""
NEAR = 1e-4
"""How near, of the right values' own size, values are that match: nearer than any mistake's."""
PARAMETER = re.compile(
    r"(?:new|g|d|grad|gradient|dL_?d|dE_?d|dJ_?d|delta)?_?"
    r"(?P<kind>w|b|weights?|bias|biases)_?(?P<layer>\d*)",
    re.IGNORECASE,
)
"""What dicts call parameters and their gradients: dW1, grad_b2; weights for all of them."""
RESULT = re.compile(r"g?[Wb]\d+")
"""Gradients, and parameters after a step."""
TURNED = "the weights' gradients have shape (fan_out, fan_in)"
BIASES_FIRST = "the biases' part comes first"
BACKWARDS = "the last layer comes first"
AnyArray: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Value: TypeAlias = Any
"""A number, an array, None, Other, or a list or dict of such: iterators are lists."""


class Other(NamedTuple):
    """Something in a returned value that holds no numbers: "a str"."""

    text: str


def plain(value: Value, depth: int = 0) -> Value:
    """Return a value as lists and dicts of numbers and arrays, which are the very objects."""
    if value is None:
        return None
    if type(value) in (bool, int, float):
        too_large = isinstance(value, int) and abs(value) > sys.float_info.max
        return Other("a whole number too large for a float") if too_large else value
    if depth > DEEPEST:
        return Other("nested too deeply")
    if isinstance(value, Mapping):
        if all(isinstance(name, str) for name in value):
            return {name: plain(one, depth + 1) for name, one in value.items()}
        return Other("a dict whose keys are not names")
    numeric = hasattr(value, "__array__") or hasattr(value, "__float__")
    if isinstance(value, Iterable) and not numeric and not isinstance(value, (str, bytes)):
        return [plain(one, depth + 1) for one in itertools.islice(value, MOST_MEMBERS)]
    if not numeric or isinstance(value, (complex, type)):
        return Other(_described(value))
    if hasattr(value, "detach"):  # a torch tensor that remembers its gradient
        value = value.detach().cpu()
    found = np.asarray(value)
    if found.dtype.kind == "O":  # fractions, or arrays of different shapes
        return plain(found.tolist() if found.ndim else float(value), depth + 1)
    if found.dtype.kind not in "biuf":
        return Other(_described(found))
    if found.nbytes > MOST_BYTES:
        return Other(f"{_described(found)}, more numbers than expected")
    return value if isinstance(value, np.generic) else found


def _described(value: object) -> str:
    """Say what ``value`` is: "a str", "an array of complex numbers"."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuf":
            return f"an array of {value.size:,} numbers"
        kind = "complex numbers" if value.dtype.kind == "c" else f"dtype {value.dtype}"
        return f"an array of {kind}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class UnreadableError(Exception):
    """What was returned is not what the function may return; the message says why."""


@dataclass(frozen=True)
class Layout:
    """One way of reading a value: names of its parts, which are all arrays; what is unusual."""

    parts: Mapping[str, Value]
    notes: Sequence[str] = ()

    def array(self, name: str) -> AnyArray:
        array = as_array(self.parts[name])
        assert array is not None, "only arrays have names"
        return array.T if self.turns(name) else array

    def turns(self, name: str) -> bool:
        """Tell whether a matrix came transposed."""
        return TURNED in self.notes and "W" in name


@dataclass
class Reading:
    """The quantities of one call, the precision of their types, and what is worth saying."""

    quantities: dict[str, AnyArray] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    """The same as they were returned."""
    precision: float = 1e-9
    notes: list[str] = field(default_factory=list)
    spoiled: dict[str, str] = field(default_factory=dict)
    """Why results cannot be right, whatever they hold."""
    misshapen: list[str] = field(default_factory=list)
    """The results that have another shape than they should."""
    turned: list[str] = field(default_factory=list)
    """The results that came transposed."""
    singles: list[str] = field(default_factory=list)
    """Those whose numbers were returned one by one."""


class Reader:
    """Reads what a function gave in its calls: what is meant in the first one is meant in all.

    ``right`` has what is right in each call of a case by name, in the order of the step.
    """

    def __init__(self, function: str, right: Sequence[Mapping[str, AnyArray]]) -> None:
        self.function, self.right = function, right
        self.prefix = "g" if function == "gradients" else ""
        kinds = [name.removeprefix(self.prefix)[:1] for name in right[0] if RESULT.fullmatch(name)]
        self.depth, self.bias = kinds.count("W"), "b" in kinds
        self.first: Layout | None = None
        self.flipped = dict[str, bool]()

    def read(self, given: Value, parameters: Mapping[str, Value]) -> Reading:
        """Return the named quantities in ``given``, or the parameters after the call of a step.

        Raises :class:`UnreadableError` where the value is not what the function may return.
        """
        self.made = Reading()
        alone, step = as_array(given), self.function == "step"
        if step and alone is not None and alone.size == 1 and (self.depth > 1 or self.bias):
            given = None  # its loss, after changing the parameters in place
        if given is not None:
            best = min(self.layouts(given), key=self.rank, default=None)
            trouble = _trouble(given) if best is None or self.misfits(best) else ""
            if best is None or trouble:
                count = len(given) if isinstance(given, list) else 1
                raise self.unreadable(trouble or f"{count or 'no'} array{'s' * (count != 1)}")
            self.first = self.first or best
            self.take(best)
            if len(self.made.misshapen) == len(self.made.quantities):
                name = self.made.misshapen[0]
                raise UnreadableError(f"{name}: {self.made.spoiled[name]}")
        elif not step:
            raise self.unreadable("nothing")
        if step and not isinstance(given, dict):
            left = {n: v for n, v in parameters.items() if n not in self.made.quantities}
            if {*parameters} != {*self.right[0]} or any(as_array(v) is None for v in left.values()):
                raise UnreadableError("its lists of parameters no longer hold arrays of numbers")
            self.take(Layout(left))
        return self.made

    def unreadable(self, found: str) -> UnreadableError:
        if self.function == "gradients":
            several = ", or (weight gradients, bias gradients)" if self.bias else ""
            expected = f"a list of weight gradients{several}, or a dict with names such as gW1"
        else:
            several = ", or (weights, biases)" if self.bias else ""
            expected = f"the list of the new weights{several}, or nothing after changing them in "
            expected += "place"
        return UnreadableError(f"it returned {found}; expected {expected}")

    # ways of reading

    def layouts(self, value: Value) -> Iterator[Layout]:
        """Yield all ways of reading a value: as one array, its members, or their members in turn.

        Or as a loss and what comes behind it.
        """
        if isinstance(value, dict):
            yield from self.both_ways(self.named(value))
            return
        members = _members(value)
        inner = [_members(each) for each in members]
        for level in ([value], members, [*itertools.chain(*inner)] if all(inner) else []):
            if level and all(as_array(one) is not None for one in level):
                for names, notes in self.orders(len(level)):
                    yield from self.both_ways(Layout(dict(zip(names, level, strict=True)), notes))
        loss = as_array(members[0]) if isinstance(value, list) and len(members) > 1 else None
        if loss is not None and loss.size == 1 and self.function == "gradients":
            for layout in self.layouts(members[1] if len(members) == 2 else members[1:]):
                yield replace(layout, parts={"loss": members[0], **layout.parts})

    def orders(self, count: int) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the names of ``count`` arrays in each order that they may have, with its notes."""
        for backwards in (False, True) if self.depth > 1 else (False,):
            layers, notes = range(1, self.depth + 1), [BACKWARDS] * backwards
            layers = layers[::-1] if backwards else layers
            if count == self.depth:
                yield [f"{self.prefix}W{layer}" for layer in layers], notes
            kinds = (("W", "b"), ("b", "W")) if count == 2 * self.depth and self.bias else ()
            for first in kinds:
                told = [*notes, *[BIASES_FIRST] * (first[0] == "b")]
                yield [f"{self.prefix}{k}{n}" for k, n in product(first, layers)], told
                yield [f"{self.prefix}{k}{n}" for n, k in product(layers, first)], told

    def both_ways(self, layout: Layout) -> Iterator[Layout]:
        """Yield the layout, and where that is possible the one of transposed matrices."""
        turned = self.first and TURNED in self.first.notes
        if not turned:
            yield layout
        if turned or (self.first is None and self.function == "gradients"):
            yield Layout(layout.parts, [*layout.notes, TURNED])

    def named(self, given: Mapping[str, Value]) -> Layout:
        """Return the arrays of a dict by their names."""
        every = {name.lower(): name for name in self.right[0]}
        found, singles, ignored = dict[str, Value](), dict[str, Value](), list[str]()
        for key, value in given.items():
            array, match = as_array(value), PARAMETER.fullmatch(key)
            kind = f"{self.prefix}{'W' if match['kind'][0] in 'wW' else 'b'}" if match else ""
            target = every.get(f"{kind}{match['layer']}".lower() if match else key.lower())
            if value is None:
                continue
            if match and match["kind"] == "w" and array is not None and array.size == 1:
                singles[f"w{match['layer']}"] = value
            elif match and not match["layer"] and f"{kind}1" in self.right[0]:
                several = _members(value)
                members = several if self.depth > 1 or len(several) == 1 else [value]
                if len(members) != self.depth:
                    raise self.unreadable(f"{len(members) or 1} arrays for {key}")
                found |= {f"{kind}{layer}": each for layer, each in enumerate(members, 1)}
            elif target is not None and array is not None:
                found[target] = value
            else:
                text = "a dict" if isinstance(value, dict) else _trouble(value)
                ignored.append(f"{key} ({text or 'no array'})" if target else repr(key))
        found |= self.put_together(singles)
        if not found:
            raise UnreadableError(
                f"it returned a dict with {', '.join(ignored[:5]) or 'nothing'}; expected names "
                f"among {', '.join(self.right[0])}, with arrays of numbers"
            )
        if ignored:
            self.made.notes.append(f"ignored, as no quantity of this network: {', '.join(ignored)}")
        return Layout(found)

    def put_together(self, singles: Mapping[str, Value]) -> dict[str, Value]:
        """Return the matrices of single weights: gw1, gw2, ... lead to the first unit."""
        made, before = dict[str, Value](), 0
        for layer in range(1, self.depth + 1) if singles else ():
            name = f"{self.prefix}W{layer}"
            rows, columns = self.right[0][name].shape
            numbers = before + 1 + np.arange(rows * columns).reshape(columns, rows).T
            before += rows * columns
            missing = [n for n in sorted(numbers.ravel()) if f"w{n}" not in singles]
            if not missing:
                made[name] = [[singles[f"w{n}"] for n in row] for row in numbers]
                self.made.singles.append(name)
            elif len(missing) < numbers.size:
                gone = f"{self.prefix}w{missing[0]}"
                raise UnreadableError(f"the dict has some elements of {name}, but not {gone}")
        return made

    # which way is meant

    def misfits(self, layout: Layout) -> int:
        results = [name for name in layout.parts if RESULT.fullmatch(name)]
        return sum(not _fits(layout.array(name), self.right[0][name].shape) for name in results)

    def rank(self, layout: Layout) -> tuple[float, ...]:
        """Return what is least for the most likely way: shapes count most, then right numbers."""
        right, misfits, first = self.right[0], self.misfits(layout), self.first or layout
        other = layout.notes != first.notes or [*layout.parts] != [*first.parts]
        exact = sum(layout.array(name).shape == right[name].shape for name in layout.parts)
        away = np.inf if misfits else self.distance(layout)
        far = away > NEAR
        # what is turned or in an unusual order is so only where nothing usual has the shapes
        backwards, turned, biases = (n in layout.notes for n in (BACKWARDS, TURNED, BIASES_FIRST))
        unusual = far and backwards, turned
        return misfits, other, "loss" in layout.parts, *unusual, -exact, far, biases, away

    def distance(self, layout: Layout) -> float:
        """Return how far arrays are from the right values of the nearest call, by their size."""
        flat = [np.asarray(layout.array(name), np.float64).ravel() for name in layout.parts]
        found, distances = np.concatenate(flat), [np.inf]
        with np.errstate(all="ignore"):
            for known in self.right:
                right = np.concatenate([known[name].ravel() for name in layout.parts])
                if right.size == found.size:
                    size = float(np.linalg.norm(right)) or 1.0
                    distances.append(float(np.linalg.norm(found - right)) / size)
        return min(distance for distance in distances if not np.isnan(distance))

    # what it gives

    def take(self, layout: Layout) -> None:
        """Keep the arrays of a layout in the shapes that they should have."""
        made = self.made
        made.notes += layout.notes
        made.values |= layout.parts
        for name in layout.parts:
            array = layout.array(name)
            made.precision = max(made.precision, PRECISIONS.get(array.dtype.name, 0.0))
            if array.dtype.kind in "iub" and array.size > 1:
                made.spoiled[name] = f"it holds whole numbers ({array.dtype}), so decimals are lost"
            fitted = self.fitted(name, np.asarray(array, dtype=np.float64))
            if fitted is not None:
                made.quantities[name] = fitted
            if layout.turns(name):
                made.turned.append(name)

    def fitted(self, name: str, array: AnyArray) -> AnyArray | None:
        """Return an array in the shape that it should have; None where it is left out."""
        right, result = self.right[0][name], RESULT.fullmatch(name)
        if _fits(array, right.shape):
            array = array.reshape(right.shape)
            if result or array.ndim < 2 or len({*array.shape}) > 1:
                return array
            flipped = any(_near(array.T, known[name]) for known in self.right)
            return array.T if self.flipped.setdefault(name, flipped) else array
        if not result and array.ndim == 2 and array.T.shape == right.shape:
            self.made.notes.append(f"{name} has its samples in columns")
            return array.T
        whose = f", the shape of {name[1:]}" if name.startswith("g") else ""
        expected = f"has shape {array.shape}; expected {right.shape}{whose}"
        if array.shape == right.shape[::-1]:
            expected = f"has shape {array.shape}, the transpose of {right.shape}"
        if name == "loss":
            self.made.notes.append(f"ignored: the loss {expected}")
            return None
        if not result:
            raise UnreadableError(f"{name} {expected}")
        self.made.spoiled[name] = f"it {expected}"
        self.made.misshapen.append(name)
        return np.full(right.shape, np.nan)


def _members(value: Value) -> list[Value]:
    """Return what a value consists of, as a list or along its first axis."""
    several = isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
    return [one for one in value if one is not None] if several else []


def _near(array: AnyArray, right: AnyArray) -> bool:
    largest = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    return bool(np.allclose(array, right, rtol=NEAR, atol=NEAR * largest))


def _fits(array: AnyArray, wanted: Sequence[int]) -> bool:
    """Tell whether a shape is the wanted one, but for axes of length 1."""
    return array.squeeze().shape == tuple(length for length in wanted if length != 1)


def as_array(value: Value) -> AnyArray | None:
    """Return ``value``, perhaps nested lists, as one array of numbers; None where it is none."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, np.generic):
        return np.asarray(value)
    if isinstance(value, (bool, int, float)):
        return np.asarray(float(value) if abs(value) > 1e15 else value)
    arrays = [as_array(one) for one in value] if isinstance(value, list) else [None]
    known = [array for array in arrays if array is not None]
    if len(known) < len(arrays) or len({array.shape for array in known}) > 1:
        return None
    return np.array(known)


def _trouble(given: Value, place: str = "") -> str:
    """Return what in ``given`` is no number, and where; "" for nothing."""
    if isinstance(given, (Other, dict)) and (place or isinstance(given, Other)):
        text = given.text if isinstance(given, Other) else "a dict"
        return f"a list, where {place} is {text}" if place else text
    members = given if isinstance(given, list) else ()
    found = (_trouble(member, f"{place}[{at}]") for at, member in enumerate(members))
    return next(filter(None, found), "")
