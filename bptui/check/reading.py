"""Reads what the user's function returned as named quantities in the shapes of the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import NamedTuple

import numpy as np

from bptui.check.comparing import chain, is_result
from bptui.check.trials import Case, FunctionName
from bptui.check.values import AnyArray, Other, Value
from bptui.core.arrays import Array

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
TURNED = "the weights' gradients have shape (fan_out, fan_in)"
BIASES_FIRST = "the biases' part comes first"
BACKWARDS = "the last layer comes first"


class UnreadableError(Exception):
    """What was returned is not what the function may return; the message says why."""


class Part(NamedTuple):
    """A part of what was returned: an expression of ``result`` that gives it, and the value."""

    text: str
    value: object

    @property
    def array(self) -> AnyArray | None:
        return as_array(self.value)

    @property
    def members(self) -> list[Part]:
        """Return what it consists of, as a list or along its first axis."""
        value = self.value
        several = isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)
        parts: list[object] = [*value] if several else []  # type: ignore[misc]  # it has members
        return [Part(f"{self.text}[{at}]", one) for at, one in enumerate(parts) if one is not None]

    @property
    def turned(self) -> Part:
        assert self.array is not None, "only arrays are turned"
        return Part(self.text and f"numpy.transpose({self.text})", self.array.T)


@dataclass(frozen=True)
class Layout:
    """One way of reading a value: names of its parts, which are all arrays; what is unusual."""

    parts: Mapping[str, Part]
    notes: Sequence[str] = ()

    def array(self, name: str) -> AnyArray:
        array = self.parts[name].array
        assert array is not None, "only arrays have names"
        return array


@dataclass
class Reading:
    """The quantities of one call, the precision of their types, and what is worth saying."""

    quantities: dict[str, Array] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    """Expressions of ``result``: one that gives a quantity, or one for each of its numbers."""
    precision: float = 1e-9
    notes: list[str] = field(default_factory=list)
    spoiled: dict[str, str] = field(default_factory=dict)
    """Why results cannot be right, whatever they hold."""
    misshapen: list[str] = field(default_factory=list)
    """The results that have another shape than they should."""
    turned: bool = False


class Reader:
    """Reads what a function gave in calls of a case.

    ``turned``: matrices came transposed in the preset's own case, where their shapes tell it.
    """

    def __init__(self, function: FunctionName, case: Case, turned: bool = False) -> None:
        self.function, self.case, self.turned = function, case, turned
        self.network = case.experiment.network
        self.prefix = "g" if function == "gradients" else ""
        self.made = Reading(turned=turned)

    def read(self, given: Value, parameters: Mapping[str, object]) -> Reading:
        """Return the named quantities in ``given``, or the parameters after the call of a step.

        Raises :class:`UnreadableError` where the value is not what the function may return.
        """
        alone, step = as_array(given), self.function == "step"
        if step and alone is not None and alone.size == 1 < self.network.parameter_count:
            given = None  # its loss, after changing the parameters in place
        if given is not None:
            best = min(self.layouts(Part("result", given)), key=self.rank, default=None)
            trouble = _trouble(given) if best is None or self.misfits(best) else ""
            if best is None or trouble:
                count = len(given) if isinstance(given, list) else 1
                raise self.unreadable(trouble or f"{count or 'no'} array{'s' * (count != 1)}")
            self.take(best)
            if len(self.made.misshapen) == len(self.made.quantities):
                name = self.made.misshapen[0]
                raise UnreadableError(f"{name}: {self.made.spoiled[name]}")
        elif not step:
            raise self.unreadable("nothing")
        if step and not isinstance(given, dict):
            every = chain(self.network, "step")
            left = {n: Part("", v) for n, v in parameters.items() if n not in self.made.quantities}
            if {*parameters} != {*every} or any(part.array is None for part in left.values()):
                raise UnreadableError("its lists of parameters no longer hold arrays of numbers")
            self.take(Layout(left))
        return self.made

    def unreadable(self, found: str) -> UnreadableError:
        if self.function == "gradients":
            several = ", or (weight gradients, bias gradients)" if self.network.bias else ""
            expected = f"a list of weight gradients{several}, or a dict with names such as gW1"
        else:
            several = ", or (weights, biases)" if self.network.bias else ""
            expected = f"the list of the new weights{several}, or nothing after changing them in "
            expected += "place"
        return UnreadableError(f"it returned {found}; expected {expected}")

    # ways of reading

    def layouts(self, part: Part) -> Iterator[Layout]:
        """Yield all ways of reading a value: as one array, its members, or their members in turn.

        Or as a loss and what comes behind it.
        """
        if isinstance(part.value, dict):
            yield from self.both_ways(self.named(part, part.value))
            return
        members = part.members
        for level in ([part], members, [one for each in members for one in each.members]):
            if level and all(one.array is not None for one in level):
                for names, notes in self.orders(len(level)):
                    yield from self.both_ways(Layout(dict(zip(names, level, strict=True)), notes))
        loss = members[0].array if isinstance(part.value, list) and len(members) > 1 else None
        if loss is not None and loss.size == 1 and self.function == "gradients":
            rest = Part(f"{part.text}[1:]", [one.value for one in members[1:]])
            behind = members[1] if len(members) == 2 else rest
            for layout in self.layouts(behind):
                yield replace(layout, parts={"loss": members[0], **layout.parts})

    def orders(self, count: int) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the names of ``count`` arrays in each order that they may have, with its notes."""
        depth, prefix = self.network.depth, self.prefix
        for backwards in (False, True) if depth > 1 else (False,):
            layers, notes = range(1, depth + 1), [BACKWARDS] * backwards
            layers = layers[::-1] if backwards else layers
            if count == depth:
                yield [f"{prefix}W{layer}" for layer in layers], notes
            kinds = (("W", "b"), ("b", "W")) if count == 2 * depth and self.network.bias else ()
            for first in kinds:
                told = [*notes, *[BIASES_FIRST] * (first[0] == "b")]
                yield [f"{prefix}{k}{n}" for k, n in product(first, layers)], told
                yield [f"{prefix}{k}{n}" for n, k in product(layers, first)], told

    def both_ways(self, layout: Layout) -> Iterator[Layout]:
        """Yield the layout, and where that is possible the one of transposed matrices."""
        if not self.turned:
            yield layout
        if self.turned or (self.case.own and self.function == "gradients"):
            named = layout.parts.items()
            parts = {name: one.turned if "W" in name else one for name, one in named}
            yield Layout(parts, [*layout.notes, TURNED])

    def named(self, part: Part, given: dict[str, Value]) -> Layout:
        """Return the arrays of a dict by their names."""
        every = chain(self.network, self.function)
        known = {name.lower(): name for name in every}
        found, singles, ignored = dict[str, Part](), dict[str, Part](), list[str]()
        for key, value in given.items():
            one, match = Part(f"{part.text}[{key!r}]", value), PARAMETER.fullmatch(key)
            kind = f"{self.prefix}{'W' if match['kind'][0] in 'wW' else 'b'}" if match else ""
            target = known.get(f"{kind}{match['layer']}".lower() if match else key.lower())
            if value is None:
                continue
            if match and match["kind"] == "w" and one.array is not None and one.array.size == 1:
                singles[f"w{match['layer']}"] = one
            elif match and not match["layer"] and f"{kind}1" in every:
                members = one.members if self.network.depth > 1 or len(one.members) == 1 else [one]
                if len(members) != self.network.depth:
                    raise self.unreadable(f"{len(members) or 1} arrays for {key}")
                found |= {f"{kind}{layer}": each for layer, each in enumerate(members, 1)}
            elif target is not None and one.array is not None:
                found[target] = one
            else:
                text = "a dict" if isinstance(value, dict) else _trouble(value)
                ignored.append(f"{key} ({text or 'no array'})" if target else repr(key))
        found |= self.put_together(singles)
        if not found:
            raise UnreadableError(
                f"it returned a dict with {', '.join(ignored[:5]) or 'nothing'}; expected names "
                f"among {', '.join(every)}, with arrays of numbers"
            )
        if ignored:
            self.made.notes.append(f"ignored, as no quantity of this network: {', '.join(ignored)}")
        return Layout(found)

    def put_together(self, singles: Mapping[str, Part]) -> dict[str, Part]:
        """Return the matrices that single weights are the elements of: gw1, gw2, ..."""
        made, names = dict[str, Part](), self.network.names
        for layer in range(1, self.network.depth + 1) if singles else ():
            name, shape = f"{self.prefix}W{layer}", self.network.shapes[f"W{layer}"]
            elements = [names.counted(layer, i, j) for i, j in np.ndindex(*shape)]
            missing = [element for element in elements if element not in singles]
            if not missing:
                own = [singles[one] for one in elements]
                matrix = np.reshape([float(each.array.item()) for each in own], shape)  # type: ignore[union-attr]  # single numbers
                self.made.places[name] = [each.text for each in own]
                made[name] = Part("", matrix)
            elif len(missing) < len(elements):
                gone = f"{self.prefix}{missing[0]}"
                raise UnreadableError(f"the dict has some elements of {name}, but not {gone}")
        return made

    # which way is meant

    def right(self, name: str, call: int = 0) -> Array:
        """Return the right value of ``name``: gW1, gb1 of a step; W1, b1 as they are after it."""
        snapshot = self.case.right[call]
        if name in snapshot.values:
            return snapshot.values[name]
        return snapshot.updated_parameters.named()[name]

    def misfits(self, layout: Layout) -> int:
        results = [name for name in layout.parts if is_result(name)]
        return sum(not _fits(layout.array(name), self.right(name).shape) for name in results)

    def rank(self, layout: Layout) -> tuple[float, ...]:
        """Return what is least for the most likely way: shapes count most, then right numbers."""
        exact = sum(layout.array(name).shape == self.right(name).shape for name in layout.parts)
        misfits = self.misfits(layout)
        away = np.inf if misfits else self.distance(layout)
        far = away > NEAR
        # what is turned or in an unusual order is so only where nothing usual has the shapes
        backwards, turned, biases = (n in layout.notes for n in (BACKWARDS, TURNED, BIASES_FIRST))
        unusual = far and backwards, turned
        return misfits, "loss" in layout.parts, *unusual, -exact, far, biases, away

    def distance(self, layout: Layout) -> float:
        """Return how far arrays are from the right values of the nearest call, by their size."""
        flat = [np.asarray(layout.array(name), np.float64).ravel() for name in layout.parts]
        found, distances = np.concatenate(flat), [np.inf]
        with np.errstate(all="ignore"):
            for call in range(len(self.case.right)):
                right = np.concatenate([self.right(name, call).ravel() for name in layout.parts])
                if right.size == found.size:
                    size = float(np.linalg.norm(right)) or 1.0
                    distances.append(float(np.linalg.norm(found - right)) / size)
        return min(distance for distance in distances if not np.isnan(distance))

    # what it gives

    def take(self, layout: Layout) -> None:
        """Keep the arrays of a layout in the shapes that they should have."""
        made = self.made
        made.turned = TURNED in layout.notes
        made.notes += layout.notes
        for name, part in layout.parts.items():
            array = layout.array(name)
            made.precision = max(made.precision, PRECISIONS.get(array.dtype.name, 0.0))
            if array.dtype.kind in "iub" and array.size > 1:
                made.spoiled[name] = f"it holds whole numbers ({array.dtype}), so decimals are lost"
            fitted = self.fitted(name, np.asarray(array, dtype=np.float64))
            if fitted is None:
                continue
            made.quantities[name] = fitted
            if part.text:
                as_it_is = array.shape == fitted.shape or name in made.misshapen
                as_it_is &= isinstance(part.value, np.ndarray)
                whole = f"numpy.reshape(numpy.asarray({part.text}), {fitted.shape})"
                made.places[name] = [part.text if as_it_is else whole]

    def fitted(self, name: str, array: Array) -> Array | None:
        """Return an array in the shape that it should have; None where it is left out."""
        right = self.right(name)
        if _fits(array, right.shape):
            array = array.reshape(right.shape)
            if is_result(name) or array.ndim < 2 or len({*array.shape}) > 1:
                return array
            calls = range(len(self.case.right))  # which one it is, is not known
            return array.T if any(_near(array.T, self.right(name, c)) for c in calls) else array
        if not is_result(name) and array.ndim == 2 and array.T.shape == right.shape:
            self.made.notes.append(f"{name} has its samples in columns")
            return array.T
        whose = f", the shape of {name[1:]}" if name.startswith("g") else ""
        expected = f"has shape {array.shape}; expected {right.shape}{whose}"
        if array.shape == right.shape[::-1]:
            expected = f"has shape {array.shape}, the transpose of {right.shape}"
        if name == "loss":
            self.made.notes.append(f"ignored: the loss {expected}")
            return None
        if not is_result(name):
            raise UnreadableError(f"{name} {expected}")
        self.made.spoiled[name] = f"it {expected}"
        self.made.misshapen.append(name)
        return np.full(right.shape, np.nan)


def _near(array: Array, right: Array) -> bool:
    largest = float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    return bool(np.allclose(array, right, rtol=NEAR, atol=NEAR * largest))


def _fits(array: AnyArray, wanted: Sequence[int]) -> bool:
    """Tell whether a shape is the wanted one, but for axes of length 1."""
    return array.squeeze().shape == tuple(length for length in wanted if length != 1)


def as_array(value: object) -> AnyArray | None:
    """Return ``value``, perhaps nested lists, as one array of numbers; None where it is none."""
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, bool | int | float):
        return np.asarray(float(value) if abs(value) > 1e15 else value)
    arrays = [as_array(one) for one in value] if isinstance(value, list) else [None]
    known = [array for array in arrays if array is not None]
    if len(known) < len(arrays) or len({array.shape for array in known}) > 1:
        return None
    return np.array(known)


def _trouble(given: Value, place: str = "") -> str:
    """Return what in ``given`` is no number, and where; "" for nothing."""
    if isinstance(given, Other | dict) and (place or isinstance(given, Other)):
        text = given.text if isinstance(given, Other) else "a dict"
        return f"a list, where {place} is {text}" if place else text
    members = given if isinstance(given, list) else ()
    found = (_trouble(member, f"{place}[{at}]") for at, member in enumerate(members))
    return next(filter(None, found), "")
