"""What quantities are called, as text and in LaTeX, and what can be explained under which name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from bptui.core.backprop import operations_of
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import mistaken_step
from bptui.core.network import MOST_COUNTED, Names, Network
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.expression import Index, Quantity

Kind: TypeAlias = Literal[
    "net", "out", "delta", "out_gradient", "weight", "bias", "weight_gradient", "bias_gradient"
]
Unit: TypeAlias = tuple[int, int]
"""Layer and place of a unit."""
Subject: TypeAlias = Quantity | Unit | str
"""What can be explained: an array or a number of one, a unit, an operation by its name."""


class Spelling(NamedTuple):
    """How a number of a kind is written, as text and in LaTeX, and what it is in words."""

    name: Callable[[Names, int], str]
    """Of the whole array of a layer."""
    text: str
    latex: str
    words: str


_SLOPE, _OUT = r"\frac{{\partial L}}{{\partial %s}}", r"\mathit{{out}}_{{{}}}"
_BY = "gradient with respect to the"
KINDS: dict[Kind, Spelling] = {
    "net": Spelling(Names.net, "net_{}", r"\mathit{{net}}_{{{}}}", "pre-activation"),
    "out": Spelling(Names.out, "out_{}", _OUT, "activation"),
    "delta": Spelling(Names.delta, "delta_{}", r"\delta_{{{}}}", f"{_BY} pre-activation"),
    "out_gradient": Spelling(Names.out_gradient, "dL/dout_{}", _SLOPE % _OUT, f"{_BY} activation"),
    "weight": Spelling(Names.weights, "{}", "{}", "weight"),
    "bias": Spelling(Names.bias, "{}", "{}", "bias"),
    "weight_gradient": Spelling(Names.weight_gradient, "dL/d{}", _SLOPE % "{}", f"{_BY} weight"),
    "bias_gradient": Spelling(Names.bias_gradient, "dL/d{}", _SLOPE % "{}", f"{_BY} bias"),
}
_LATEX_LOSSES = {
    "k": "k",
    "loss": "L",
    "data_loss": r"L_{\mathrm{data}}",
    "penalty": r"L_{\mathrm{penalty}}",
}


class Place(NamedTuple):
    """What a name stands for: a kind of quantity, its layer, the slot kept beside it."""

    kind: Kind
    layer: int
    slot: str = ""


class Signs(NamedTuple):
    """Between numbers, arrays and factors of a matrix product; before sums and square roots."""

    times: str
    elementwise: str
    matrix_times: str
    total: str
    root: str


ASCII = Signs(" * ", " * ", " @ ", "sum", "sqrt")
UNICODE = Signs(" · ", " ⊙ ", " @ ", "Σ", "√")


@dataclass(frozen=True)
class Symbols:
    """The symbols of a network's quantities and of what is done with them.

    ``ascii_only``: formulas in ASCII, as Python would write them.
    """

    names: Names
    ascii_only: bool = False
    row: ClassVar[str] = "sample"
    column: ClassVar[str] = "unit"
    """What rows and columns of an array are, in the words of a sum over them."""

    @property
    def signs(self) -> Signs:
        return ASCII if self.ascii_only else UNICODE

    def raised(self, exponent: float) -> str:
        """Return what makes it a power behind a number; empty where nothing so short does."""
        short = {2.0: "²", 3.0: "³"}.get(exponent, "")
        return f"^{exponent:g}" if short and self.ascii_only else short

    def assigned(self, quantity: Quantity) -> tuple[str, str]:
        """Return the left side of the equation that computes ``quantity``, and the sign behind."""
        old = self.text(replace(quantity, new=False))
        if quantity.new and self.ascii_only:
            return self.text(quantity), "="
        return old, "←" if quantity.new else "="

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every named array but input, target and the losses."""
        found: dict[str, Place] = {}
        slots = {"accumulated", *(slot for entry in OPTIMIZERS.values() for slot in entry.slots)}
        for layer, (kind, symbol) in product(range(1, self.names.depth + 1), KINDS.items()):
            name = symbol.name(self.names, layer)
            found[name] = Place(kind, layer)
            if kind in ("weight", "bias"):
                found |= {f"{slot}_{name}": Place(kind, layer, slot) for slot in slots}
        return found

    def text(self, quantity: Quantity) -> str:
        """Write net_h1, dL/dw5, v_w5, t1; the array's own name without an index."""
        new = "new " if self.is_new(quantity) else ""
        if quantity.index is None:
            return new + quantity.name
        if quantity.name in ("input", "target"):
            return f"{quantity.name[0]}{quantity.index[-1] + 1}"
        place = self.places.get(quantity.name)
        if place is None:
            return "L" if quantity.name == "loss" else quantity.name
        slot = f"{place.slot}_" if place.slot else ""
        return new + slot + KINDS[place.kind].text.format(self.base(place, quantity.index))

    def is_new(self, quantity: Quantity) -> bool:
        """Tell whether it is a parameter that this step has updated, not the one before."""
        place = self.places.get(quantity.name)
        return quantity.new and place is not None and not place.slot

    def base(self, place: Place, index: Index) -> str:
        """Write w5 or W2[h1, o1], b_h1, or the unit's name h1."""
        if place.kind in ("weight", "weight_gradient"):
            return self.names.weight(place.layer, *index)
        unit = self.names.unit(place.layer, index[-1])
        return f"b_{unit}" if place.kind in ("bias", "bias_gradient") else unit

    def position(self, quantity: Quantity) -> str:
        """Write where a weight stands in its matrix, as in numpy: W2[0][1]."""
        place = self.places.get(quantity.name)
        if place is None or place.kind != "weight" or place.slot or quantity.index is None:
            return ""
        source, unit = quantity.index
        return f"{quantity.name}[{source}][{unit}]"

    def code(self, name: str) -> str:
        """Write a name that Python accepts: dL_dout_h."""
        return name.replace("/", "_")

    def latex(self, quantity: Quantity) -> str:
        r"""Write \mathit{net}_{h1}, \frac{\partial L}{\partial w_{5}}, \delta_{o}."""
        name, index = quantity.name, quantity.index
        if name in ("input", "target"):
            return rf"\mathit{{{name}}}" if index is None else f"{name[0]}_{{{index[-1] + 1}}}"
        place = self.places.get(name)
        if place is None:
            return _LATEX_LOSSES[name]
        base = self.names.suffix(place.layer) if index is None else self.base(place, index)
        if place.kind[0] in "wb":  # a weight, a bias, their gradients
            letter = place.kind[0].replace("w", "W")
            below = place.layer if index is None else base[1:].removeprefix("_")
            base = f"{letter if index is None else base[0]}_{{{below}}}"
        base += "^{+}" if self.is_new(quantity) else ""
        if place.slot:
            slot = r"\mathrm{earlier}" if place.slot == "accumulated" else place.slot
            return f"{slot}_{{{base}}}"
        return KINDS[place.kind].latex.format(base)


# what can be explained: w5, gw5, b_h1, W1, gW2, net_h, delta_h1, loss, an operation


def find_subject(text: str, experiment: Experiment, key: str = "quantity") -> Subject:
    """Return the subject of that name.

    Raises :class:`UnusableError`, with what there is, for a name that the network does not have.
    """
    network = experiment.network
    place = Symbols(network.names).places.get(text)
    if text in ("loss", "L"):
        return "L"
    if place and not place.slot and (network.bias or not place.kind.startswith("bias")):
        return Quantity(text)
    found = number(text, network)
    if found is not None:
        return found
    if text in units(network):
        return units(network)[text]
    if text in _updates(experiment):
        return text
    raise UnusableError(key, repr(text), f"one of {', '.join(examples(experiment))}")


def examples(experiment: Experiment) -> list[str]:
    """Return names that can be explained, one of each kind."""
    names, last = experiment.network.names, experiment.network.depth
    weights = experiment.network.weight_count
    found = ["w1" if weights == 1 else f"w1 to w{weights}", "gw1", "W1", "gW1"]
    if weights > MOST_COUNTED:
        found.insert(1, names.weight(1, 0, 0))
    if experiment.network.bias:
        found += [f"b_{names.unit(1, 0)}", "b1", "gb1"]
    found += [names.net(1), names.out(1), f"net_{names.unit(1, 0)}", names.delta(last)]
    found += [names.out_gradient(last), names.unit(last, 0), "loss"]
    return [*found, _updates(experiment)[0], "all"]


def number(text: str, network: Network) -> Quantity | None:
    """Find w5, W2[h1, o1], gw5, dL/dw5, b_h1, gb_h1, dL/db_h1, net_h1, delta_h1, dL/dout_h1."""
    text, here = re.sub("^g(?=[wWb])", "dL/d", text), units(network)
    for kind, spelling in KINDS.items():
        is_bias = kind.startswith("bias")
        prefix = spelling.text.removesuffix("{}") + "b_" * is_bias
        base = text.removeprefix(prefix)
        if not text.startswith(prefix) or (is_bias and not network.bias):
            continue
        where = _weight(base, network) if kind.startswith("weight") else here.get(base)
        if where and where[0]:
            layer, *index = where
            index = index if kind[0] in "wb" else [0, *index]
            return Quantity(spelling.name(network.names, layer), tuple(index))
    return None


def _weight(text: str, network: Network) -> Index | None:
    """Return layer, source and destination of w5, counted from 1, or of W2[h1, o1]."""
    if counted := re.fullmatch("w([1-9][0-9]*)", text):
        left = int(counted[1]) - 1
        for layer, (sources, destinations) in enumerate(pairwise(network.layers), 1):
            if left < sources * destinations:
                return layer, left % sources, left // sources
            left -= sources * destinations
    if ends := re.fullmatch(r"W([1-9][0-9]?)\[([^,]+), ?([^,]+)\]", text):
        layer, here = int(ends[1]), units(network)
        (before, start), (after, end) = here.get(ends[2], (-1, 0)), here.get(ends[3], (-1, 0))
        return (layer, start, end) if (before, after) == (layer - 1, layer) else None
    return None


def _updates(experiment: Experiment) -> list[str]:
    """Return the names of the update, or of those of each layer, the last first; all operations."""
    step = mistaken_step(experiment, 1)
    return [*(part.name for part in operations_of(step) if part.stage == "update"), "all"]


def units(network: Network) -> dict[str, Unit]:
    """Return the layer and the place of every unit, by its name."""
    return {
        network.names.unit(layer, unit): (layer, unit)
        for layer, size in enumerate(network.layers)
        for unit in range(size)
    }
