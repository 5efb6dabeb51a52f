"""Breakpoints: conditions on a step, where they become true, and their text form."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bptui.core.arrays import Array
from bptui.core.network import Network
from bptui.core.state import Layout

Relation = Literal["<", ">", "rising", "every"]
Booleans = npt.NDArray[np.bool_]

COMPARISON = re.compile(r"(\|?)\s*([a-z][\w.]*)\s*(\|?)\s*([<>])\s*(\S+)")
WEIGHT = re.compile(r"w([1-9]\d{0,8})")
BIAS = re.compile(r"b_(?:h(?:([1-9]\d?)\.)?|(o))([1-9]\d{0,6})")


class BreakpointError(ValueError):
    """A text that is no breakpoint; the message is one sentence for people."""


@dataclass(frozen=True)
class Breakpoint:
    """A condition on the loss, the gradient's norm, the step, or one weight, bias or gradient.

    ``quantity`` is ``loss``, ``norm``, ``step`` or a name: w5, b_h1, gw5, gb_h1. Of those with a
    name it is the size, without the sign, that is compared with ``value``.
    """

    quantity: str
    relation: Relation
    value: float = 0.0

    def __str__(self) -> str:
        if self.relation == "every":
            return f"every {self.value:.0f}"
        if self.relation == "rising":
            return f"{self.quantity} rising"
        name = f"|{self.quantity}|" if self.is_component else self.quantity
        return f"{name} {self.relation} {_number(self.value)}"

    @property
    def is_component(self) -> bool:
        return self.quantity not in ("loss", "norm", "step")

    @property
    def meaning(self) -> str:
        """Where it stops, in words."""
        if self.relation == "every":
            return f"every {self.value:.0f} steps" if self.value > 1 else "every step"
        if self.relation == "rising":
            return "when the loss is higher than at the step before"
        name = {"loss": "the loss", "norm": "the gradient's norm"}.get(self.quantity)
        if name is None:
            of = "the gradient of " if self.quantity.startswith("g") else ""
            name = f"the magnitude of {of}{self.quantity.removeprefix('g')}"
        verb = "falls below" if self.relation == "<" else "rises above"
        return f"when {name} {verb} {_number(self.value)}"

    def hits(self, first: int, values: Array) -> Booleans:
        """Whether it hits at steps ``first`` + 1, ..., where it becomes true.

        ``values`` are those of its quantity at steps ``first``, ``first`` + 1, ...
        """
        if self.relation == "every":
            steps = np.arange(first + 1, first + len(values))
            return np.asarray(steps % int(self.value) == 0)
        with np.errstate(invalid="ignore"):
            if self.relation == "rising":
                return np.asarray(values[1:] > values[:-1])
            sizes = np.abs(values) if self.is_component else values
            holds = sizes < self.value if self.relation == "<" else sizes > self.value
        return np.asarray(holds[1:] & ~holds[:-1])

    def possible(self, low: float, high: float) -> bool:
        """Whether it can hit where its quantity lies between ``low`` and ``high`` throughout."""
        if self.relation == "rising":
            return low < high
        if self.relation == "<":
            return low < self.value <= high
        return self.relation == "every" or low <= self.value < high


def parse(text: str, network: Network) -> Breakpoint:
    """The breakpoint that ``text`` says: ``loss < 0.01``, ``|w5| > 2``, ``every 100``, ...

    Raises :class:`BreakpointError` where it says none or names what ``network`` does not have.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    if plain == "loss rising":
        return Breakpoint("loss", "rising")
    if plain.split(" ")[0] == "every":
        return Breakpoint("step", "every", _steps(plain.removeprefix("every")))
    found = COMPARISON.fullmatch(plain)
    if found is None:
        raise BreakpointError("write a quantity, < or >, and a number, or: loss rising, every 100")
    left, name, right, sign, number = found.groups()
    if left != right:
        raise BreakpointError(f"put bars on both sides of {name}, or on neither")
    relation: Relation = "<" if sign == "<" else ">"
    value = _value(number)
    if name in ("loss", "norm"):
        if left:
            raise BreakpointError(f"write {name} without bars")
    else:
        locate(name, network)
        if relation == "<":
            raise BreakpointError(f"{name} can be watched for rising only: |{name}| > {number}")
    if name != "loss" and value < 0.0:
        shown = f"|{name}|" if name != "norm" else name
        raise BreakpointError(f"{shown} is never below 0; found {number}")
    return Breakpoint(name, relation, value)


def locate(name: str, network: Network) -> tuple[bool, int]:
    """Whether ``name`` is a gradient's (gw5), and its place in the flat array of parameters.

    Raises :class:`BreakpointError` where ``network`` has no such weight, bias or gradient.
    """
    bare = name.removeprefix("g")
    weight, bias, layers = WEIGHT.fullmatch(bare), BIAS.fullmatch(bare), network.layers
    layout, place = Layout(network), None
    if weight:
        left = int(weight[1]) - 1
        for layer in range(1, network.depth + 1):
            fan_in, fan_out = layers[layer - 1 : layer + 1]
            if left < fan_in * fan_out:
                unit, source = divmod(left, fan_in)
                place = layout.weight_span(layer).start + source * fan_out + unit
                break
            left -= fan_in * fan_out
        if place is None:
            raise BreakpointError(
                f"there is no {bare}: this network's weights are w1 to w{network.weight_count}"
            )
    elif bias and network.bias:
        hidden, output, number = bias.groups()
        layer = network.depth if output else int(hidden or 1)
        # b_h1 with one hidden layer, b_h1.1 with several
        named = bool(output) or (layer < network.depth and (hidden is None) == (network.depth == 2))
        if named and int(number) <= layers[layer]:
            place = layout.bias_span(layer).start + int(number) - 1
    if place is None:
        raise BreakpointError(f"there is no {name} here; {_names(network)}")
    return bare != name, place


def _names(network: Network) -> str:
    """What can be watched, as the end of a sentence."""
    names, last = network.names, network.depth
    weight = f"w{network.weight_count}"
    known = f"available: loss, norm, w1 to {weight} and gw1 to g{weight}"
    if network.bias:
        bias = f"b_{names.unit(last, network.layers[last] - 1)}"
        known += f", and biases such as {bias} and g{bias}"
    return known


def _steps(text: str) -> float:
    digits = text.strip().removesuffix("steps").removesuffix("step").replace("_", "").strip()
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", digits):
        raise BreakpointError("write a whole number of steps, 1 or more: every 100")
    return float(digits)


def _value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BreakpointError(f"not a number: {text}; write one like 0.01 or 1e-6")
    return value + 0.0  # -0 is 0


def _number(value: float) -> str:
    """The shortest text that reads back as ``value``: 0.01, 1e-06."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
