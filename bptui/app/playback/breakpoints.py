"""Breakpoints: conditions on a step, where they become true, and their text form."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bptui.core.arrays import Array
from bptui.core.network import Network
from bptui.explain.expression import Index
from bptui.explain.symbols import Symbols, number, units

Relation = Literal["<", ">", "<=", ">=", "=", "rising", "every"]
Booleans = npt.NDArray[np.bool_]

NAME = r"[A-Za-z][\w./]*(?:(?:\[\d{1,7}\])*|\[[a-z][\w.]*,[a-z][\w.]*\])"
COMPARISON = re.compile(rf"(\|?) ?({NAME}) ?(\|?) ?(<=|>=|<|>|==?) ?(\S+)")
COMPARED: dict[str, Callable[[Array, float], Booleans]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}
VERBS = {
    "<": "falls below {}",
    ">": "rises above {}",
    "<=": "falls to {} or below",
    ">=": "rises to {} or above",
    "=": "becomes {}",
    "rising": "is higher than at the step before",
}
LOSSES = ("data_loss", "penalty")


class BreakpointError(ValueError):
    """A text that is no breakpoint; the message is one sentence for people."""


@dataclass(frozen=True)
class Breakpoint:
    """A condition on a quantity of a step, or on the step itself.

    ``quantity`` is ``loss``, ``norm`` (of the whole gradient), ``step``, or any number that a step
    computes, by its name: w5, gw5, b_h1, net_h1, delta_o1, dL/dout_o1, W2[0][1],
    W2[h1, o2]. Where ``size`` is set it is compared without its sign.
    """

    quantity: str
    relation: Relation
    value: float = 0.0
    size: bool = False

    def __str__(self) -> str:
        if self.relation == "every":
            return f"every {self.value:.0f}"
        name = f"|{self.quantity}|" if self.size else self.quantity
        if self.relation == "rising":
            return f"{name} rising"
        return f"{name} {self.relation} {_number(self.value)}"

    @property
    def is_component(self) -> bool:
        return self.quantity not in ("loss", "norm", "step")

    @property
    def meaning(self) -> str:
        """Where it stops, in words."""
        if self.relation == "every":
            return f"every {self.value:.0f} steps" if self.value > 1 else "every step"
        names = {"loss": "the loss", "norm": "the gradient's norm", "step": "the step"}
        name = names.get(self.quantity, self.quantity)
        name = f"the magnitude of {name}" if self.size else name
        if self.is_component and self.quantity.startswith(OF_SAMPLES) and "[" not in self.quantity:
            name += ", of the batch's first sample,"
        return f"when {name} {VERBS[self.relation].format(_number(self.value))}"

    def hits(self, values: Array) -> Booleans:
        """Whether it becomes true at the second, the third, ... of these values of its quantity."""
        if self.relation == "every":
            return np.asarray(values[1:] % self.value == 0)
        numbers = np.abs(values) if self.size else values
        with np.errstate(invalid="ignore"):
            if self.relation == "rising":
                return np.asarray(numbers[1:] > numbers[:-1])
            holds = COMPARED[self.relation](numbers, self.value)
        return np.asarray(holds[1:] & ~holds[:-1])


OF_SAMPLES = ("net_", "out_", "delta_", "dL/dout_", "i", "t")
"""How the names begin of what each sample has."""


def parse(text: str, network: Network) -> Breakpoint:
    """Return the breakpoint that ``text`` says: ``loss < 0.01``, ``gw5 < 0``, ``every 100``, ...

    Raises :class:`BreakpointError` where it says none or names what ``network`` does not have.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    plain = plain.replace("≤", "<=").replace("≥", ">=")
    plain = re.sub(r"\[(\d+),(\d+)\]", r"[\1][\2]", re.sub(r" ?([\[\],]) ?", r"\1", plain))
    words = plain.split(" ")
    if words[0].lower() == "every":
        return Breakpoint("step", "every", _steps(plain[len("every") :]))
    rising = len(words) > 1 and words[-1].lower() == "rising"
    found = COMPARISON.fullmatch(plain.removesuffix(words[-1]) + "> 0" if rising else plain)
    if found is None or found[1] != found[3]:
        raise BreakpointError(
            "write a quantity, < or > and a number: loss < 0.01; or: loss rising, every 100"
        )
    bar, name, _, sign, value = found.groups()
    name = _spelt(name, network)
    signs: tuple[Relation, ...] = ("<=", ">=", "<", ">", "=")
    relation: Relation = "rising" if rising else next(each for each in signs if each in sign)
    if name == "step" and relation not in ("=", ">", ">="):
        raise BreakpointError("the step only grows: write step = 500, or every 100")
    return Breakpoint(name, relation, _value(value), bool(bar))


def fits(made: Breakpoint, network: Network) -> bool:
    """Whether a network has the quantity of a breakpoint that was made for another."""
    try:
        return parse(str(made), network) == made
    except BreakpointError:
        return False


def locate(name: str, network: Network) -> tuple[str, Index]:
    """Return the array and the index of the number that ``name`` stands for: gw5, t1, W2[h1, o2].

    What each sample has is that of the first one in the batch, unless an index says which: the
    first index, from 0. Raises :class:`BreakpointError` where ``network`` has no such number.
    """
    found = number(name, network)
    if found is not None:
        return found.name, found.index
    array, indexed, rest = name.partition("[")
    if indexed:
        index = tuple(map(int, re.findall(r"\d+", rest)))
        shape = _arrays(network).get(array)
        if shape is None:
            raise BreakpointError(_unknown(array, network))
        if len(index) != len(shape) or any(
            size is not None and place >= size for place, size in zip(index, shape, strict=True)
        ):
            wanted = "".join("[sample]" if size is None else f"[0 to {size - 1}]" for size in shape)
            raise BreakpointError(f"the elements of {array} are {array}{wanted}")
        return array, index
    if name in LOSSES:
        return name, (0, 0)
    for array, count in (("input", network.layers[0]), ("target", network.layers[-1])):
        if re.fullmatch(rf"{array[0]}[1-9]\d{{0,6}}", name) and int(name[1:]) <= count:
            return array, (0, int(name[1:]) - 1)
    raise BreakpointError(_unknown(name, network))


def _arrays(network: Network) -> dict[str, tuple[int | None, ...]]:
    """Return the shape of every array with several numbers; None stands for the samples."""
    shapes: dict[str, tuple[int | None, ...]] = {
        "input": (None, network.layers[0]),
        "target": (None, network.layers[-1]),
    }
    for name, place in Symbols(network.names).places.items():
        own = network.shapes.get(name.removeprefix("g"))
        if not place.slot and (own or place.kind[0] not in "wb"):
            shapes[name] = own or (None, network.layers[place.layer])
    return shapes


def _spelt(name: str, network: Network) -> str:
    """Return the name as it stands on the screen, however it was written."""
    if name == "L" or name.lower() in ("loss", "norm", "step"):
        return "loss" if name == "L" else name.lower()
    arrays = _arrays(network)
    if "[" in name:
        array, rest = re.sub(r"^weight_(?=\d)", "W", name).split("[", 1)
        array = next((each for each in arrays if each.lower() == array.lower()), array)
        name = f"{array}[{rest.replace(',', ', ')}"  # as in W2[h3, o1]
    elif name not in arrays:  # not w1 where W1 was written
        small = name.lower().replace("dl/d", "dL/d")
        with suppress(BreakpointError):
            locate(small, network)
            return small
    locate(name, network)
    return name


def _unknown(name: str, network: Network) -> str:
    """Say what there is, where there is no such number."""
    names, last = network.names, network.depth
    unit = names.unit(last, 0)
    if name in units(network):
        numbers = [f"{kind}_{name}" for kind in ("net", "out", "delta")]
        return f"{name} is a unit: choose one of its numbers, {', '.join(numbers)}"
    if name in _arrays(network):
        first = name + "[0]" * len(_arrays(network)[name])
        return f"{name} has several numbers: choose one of them, such as {first}"
    known = f"loss, norm, step, w1 to w{network.weight_count}, gw1, "
    if network.bias:
        known += f"b_{unit}, gb_{unit}, "
    kinds = [f"{kind}_{unit}" for kind in ("net", "out", "delta", "dL/dout")]
    return f"there is no {name} here; available: {known}{', '.join(kinds)}, W1[0][0]"


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
    """Return the shortest text that reads back as ``value``: 0.01, 1e-06."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
