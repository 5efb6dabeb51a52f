"""Breakpoints: conditions on a step, where they become true, and their text form."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bptui.core.arrays import Array
from bptui.core.network import Network
from bptui.explain.expression import Index
from bptui.explain.symbols import Symbols, number
from bptui.presets.number_parsing import EntryError, normalized, whole
from bptui.presets.number_parsing import number as parsed

Relation = Literal["<", ">", "<=", ">=", "=", "rising", "every", "line", "wrong"]
Booleans = npt.NDArray[np.bool_]

COMPARISON = re.compile(r"(\|?) ?([^<>=| ][^<>=|]*?) ?(\|?) ?(<=|>=|<|>|==?) ?(\S+)")
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


@dataclass(frozen=True)
class Condition:
    """A condition on a quantity; where ``size`` is set it is compared without its sign.

    Of a network ``quantity`` is ``loss``, ``norm`` (of the whole gradient), ``step``, or any number
    that a step computes, by its name: w5, gw5, b_h1, net_h1, delta_o1, dL/dout_o1, W2[0][1],
    W2[h1, o2]. Of a program it is a variable; of a ``line`` it is the file, ``value`` the number of
    the line in all files together; ``wrong`` is asked of every gradient, and has none.
    """

    quantity: str
    relation: Relation
    value: float = 0.0
    size: bool = False

    def __str__(self) -> str:
        name = f"|{self.quantity}|" if self.size else self.quantity
        if self.relation == "rising":
            return f"{name} rising"
        return f"{name} {self.relation} {_number(self.value)}"

    def holds(self, values: Array) -> Booleans:
        """Return where it is true of these values."""
        with np.errstate(invalid="ignore"):
            return COMPARED[self.relation](np.abs(values) if self.size else values, self.value)

    def hits(self, values: Array) -> Booleans:
        """Whether it becomes true at the second, the third, ... of these values of its quantity."""
        if self.relation == "every":
            return np.asarray(values[1:] % self.value == 0)
        if self.relation == "rising":
            numbers = np.abs(values) if self.size else values
            with np.errstate(invalid="ignore"):
                return np.asarray(numbers[1:] > numbers[:-1])
        holds = self.holds(values)
        return np.asarray(holds[1:] & ~holds[:-1])

    def told(self, name: str) -> str:
        """Say when it becomes true, of a quantity of this name."""
        name = f"the magnitude of {name}" if self.size else name
        return f"{name} {VERBS[self.relation].format(_number(self.value))}"


@dataclass(frozen=True)
class Breakpoint:
    """A condition at which a run stops, in words too; on a number of an array at its ``index``."""

    text: str
    meaning: str
    condition: Condition
    index: Index = ()

    def __str__(self) -> str:
        return self.text


def plainly(text: str) -> str:
    """Return a text with single blanks, and with the signs that everybody can type."""
    plain = " ".join(normalized(text).split())
    return plain.replace("≤", "<=").replace("≥", ">=")


def compared(text: str) -> Condition | None:
    """Return what ``|w5| > 2`` says; None for a text of another kind.

    Raises :class:`EntryError` where it compares with no number.
    """
    found = COMPARISON.fullmatch(text)
    if found is None or found[1] != found[3]:
        return None
    relation: Relation = found[4].replace("==", "=")  # type: ignore[assignment]  # by the pattern
    return Condition(found[2], relation, parsed(found[5]) + 0.0, bool(found[1]))  # -0 is 0


OF_SAMPLES = ("net_", "out_", "delta_", "dL/dout_", "i", "t")
"""How the names begin of what each sample has."""


def parse(text: str, network: Network) -> Breakpoint:
    """Return the breakpoint that ``text`` says: ``loss < 0.01``, ``gw5 < 0``, ``every 100``, ...

    Raises :class:`EntryError` where it says none or names what ``network`` does not have.
    """
    plain = re.sub(r" ?([\[\],]) ?", r"\1", plainly(text))
    plain = re.sub(r"\[(\d+),(\d+)\]", r"[\1][\2]", plain)
    first, _, rest = plain.partition(" ")
    if first.lower() == "every":
        steps = whole(rest.removesuffix("steps").removesuffix("step"))
        if steps < 1:
            raise EntryError("write a whole number of steps, 1 or more: every 100")
        every = f"every {steps} steps" if steps > 1 else "every step"
        return Breakpoint(f"every {steps}", every, Condition("step", "every", float(steps)))
    rising = plain.lower().endswith(" rising")
    found = compared(f"{plain[: -len('rising')]}> 0" if rising else plain)
    if found is None:
        raise EntryError(
            "write a quantity, < or > and a number: loss < 0.01; or: loss rising, every 100"
        )
    name, relation = _spelt(found.quantity, network), "rising" if rising else found.relation
    if name == "step" and relation not in ("=", ">", ">="):
        raise EntryError("the step only grows: write step = 500, or every 100")
    made = Condition(name, relation, found.value, found.size)
    said = {"loss": "the loss", "norm": "the gradient's norm", "step": "the step"}.get(name, name)
    if said == name and name.startswith(OF_SAMPLES) and "[" not in name:
        said += ", of the batch's first sample,"
    return Breakpoint(str(made), f"when {made.told(said)}", made)


def fits(made: Breakpoint, network: Network) -> bool:
    """Whether a network has the quantity of a breakpoint that was made for another."""
    try:
        return parse(str(made), network) == made
    except EntryError:
        return False


def locate(name: str, network: Network) -> tuple[str, Index]:
    """Return the array and the index of the number that ``name`` stands for: gw5, t1, W2[h1, o2].

    What each sample has is that of the first one in the batch, unless an index says which: the
    first index, from 0. Raises :class:`EntryError` where ``network`` has no such number.
    """
    found = number(name, network)
    if found is not None:
        return found.name, found.index or ()
    if name in LOSSES:
        return name, (0, 0)
    array, index = name.partition("[")[0], tuple(map(int, re.findall(r"\[(\d{1,7})\]", name)))
    ends = re.fullmatch(r"([it])([1-9]\d{0,6})", name)
    if ends is not None:
        array, index = {"i": "input", "t": "target"}[ends[1]], (0, int(ends[2]) - 1)
    elif name != array + "".join(f"[{at}]" for at in index):
        raise EntryError(_unknown(name, network))
    shape = _arrays(network).get(array, ())
    inside = [size is None or at < size for at, size in zip(index, shape, strict=False)]
    if not index or len(index) != len(shape) or not all(inside):
        raise EntryError(_unknown(name, network))
    return array, index


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
    array, bracket, rest = name.partition("[")
    if bracket:
        array = next((each for each in _arrays(network) if each.lower() == array.lower()), array)
        name = f"{array}[{rest.replace(',', ', ')}"  # as in W2[h3, o1]
    elif name not in _arrays(network):  # not w1 where W1 was written
        name = name.lower().replace("dl/d", "dL/d")
    locate(name, network)
    return name


def _unknown(name: str, network: Network) -> str:
    """Say what there is, where there is no such number."""
    unit = network.names.unit(network.depth, 0)
    kinds = ["net", "out", "delta", "dL/dout", *["b", "gb"] * network.bias]
    numbers = ", ".join(f"{kind}_{unit}" for kind in kinds)
    weights = f"w1 to w{network.weight_count}, gw1, W1[0][0]"
    return f"there is no number {name} here; available: loss, norm, step, {weights}, {numbers}"


def _number(value: float) -> str:
    """Return the shortest text that reads back as ``value``: 0.01, 1e-06."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
