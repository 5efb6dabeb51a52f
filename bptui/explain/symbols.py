"""What quantities are called: as arrays and as single numbers, in text, in numpy and in LaTeX."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from bptui.core.network import Names
from bptui.core.optimizers import OPTIMIZERS
from bptui.explain.expression import Index, Quantity

Kind: TypeAlias = Literal[
    "net", "out", "delta", "out_gradient", "weight", "bias", "weight_gradient", "bias_gradient"
]
_RAISED = {2.0: "²", 3.0: "³"}


@dataclass(frozen=True)
class Place:
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
UNICODE = Signs(" · ", " ⊙ ", " · ", "Σ", "√")


@dataclass(frozen=True)
class Symbols:
    """The symbols of a network's quantities and of what is done with them.

    ``ascii_only``: formulas in ASCII, as Python would write them.
    """

    names: Names
    ascii_only: bool = False

    @property
    def signs(self) -> Signs:
        return ASCII if self.ascii_only else UNICODE

    def raised(self, exponent: float) -> str:
        """What makes it a power behind a number; empty where nothing so short does."""
        short = _RAISED.get(exponent, "")
        return f"^{exponent:g}" if short and self.ascii_only else short

    def constant(self, text: str) -> str:
        """The text of a constant."""
        return text.replace("√", "sqrt").replace("π", "pi") if self.ascii_only else text

    def assigned(self, quantity: Quantity) -> tuple[str, str]:
        """The left side of the equation that computes ``quantity``, and what stands behind it."""
        old = self.text(replace(quantity, new=False))
        if quantity.new and self.ascii_only:
            return self.text(quantity), "="
        return old, "←" if quantity.new else "="

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every named array but input, target and the losses."""
        found: dict[str, Place] = {}
        slots = {"accumulated", *(slot for each in OPTIMIZERS.values() for slot in each.slots)}
        for layer in range(1, self.names.depth + 1):
            made: tuple[tuple[str, Kind], ...] = (
                (self.names.net(layer), "net"),
                (self.names.out(layer), "out"),
                (self.names.delta(layer), "delta"),
                (self.names.out_gradient(layer), "out_gradient"),
                (self.names.weights(layer), "weight"),
                (self.names.bias(layer), "bias"),
                (self.names.weight_gradient(layer), "weight_gradient"),
                (self.names.bias_gradient(layer), "bias_gradient"),
            )
            for name, kind in made:
                found[name] = Place(kind, layer)
                if kind in ("weight", "bias"):
                    found |= {f"{slot}_{name}": Place(kind, layer, slot) for slot in slots}
        return found

    def text(self, quantity: Quantity) -> str:
        """net_h1, dL/dw5, v_w5, t1; the array's own name without an index."""
        if quantity.index is None:
            return ("new " if self.is_new(quantity) else "") + quantity.name
        if quantity.name in ("input", "target"):
            return f"{quantity.name[0]}{quantity.index[-1] + 1}"
        if quantity.name not in self.places:
            return "L" if quantity.name == "loss" else quantity.name
        place = self.places[quantity.name]
        base = self.base(place, quantity.index)
        match place.kind:
            case "net" | "out" | "delta":
                return f"{place.kind}_{base}"
            case "out_gradient":
                return f"dL/dout_{base}"
            case "weight_gradient" | "bias_gradient":
                return f"dL/d{base}"
            case _:
                slot = f"{place.slot}_" if place.slot else ""
                return f"{'new ' if self.is_new(quantity) else ''}{slot}{base}"

    def is_new(self, quantity: Quantity) -> bool:
        """Whether it is a parameter that this step has updated: not one to mistake for the old."""
        place = self.places.get(quantity.name)
        return quantity.new and place is not None and not place.slot

    def base(self, place: Place, index: Index) -> str:
        """w5, b_h1, or the unit's name h1."""
        if place.kind in ("weight", "weight_gradient"):
            return self.names.weight(place.layer, *index)
        unit = self.names.unit(place.layer, index[-1])
        return f"b_{unit}" if place.kind in ("bias", "bias_gradient") else unit

    def position(self, quantity: Quantity) -> str:
        """Where a weight stands in its matrix, as the article writes it: weight_2[0][1]."""
        place = self.places.get(quantity.name)
        if place is None or place.kind != "weight" or place.slot or quantity.index is None:
            return ""
        source, unit = quantity.index
        return f"weight_{place.layer}[{source}][{unit}]"

    def code(self, name: str) -> str:
        """A name that Python accepts: dL_dout_h."""
        return name.replace("/", "_")

    def latex(self, quantity: Quantity) -> str:
        r"""\mathit{net}_{h1}, \frac{\partial L}{\partial w_{5}}, \delta_{o}."""
        name = quantity.name
        if name in ("input", "target"):
            if quantity.index is None:
                return rf"\mathit{{{name}}}"
            return f"{name[0]}_{{{quantity.index[-1] + 1}}}"
        if name not in self.places:
            return {"loss": "L", "data_loss": r"L_{\mathrm{data}}"}.get(
                name, r"L_{\mathrm{penalty}}"
            )
        place = self.places[name]
        new = "^{+}" if self.is_new(quantity) else ""
        base = self._latex_base(place, quantity.index) + new
        match place.kind:
            case "net" | "out":
                return rf"\mathit{{{place.kind}}}_{{{base}}}"
            case "delta":
                return rf"\delta_{{{base}}}"
            case "out_gradient":
                return rf"\frac{{\partial L}}{{\partial \mathit{{out}}_{{{base}}}}}"
            case "weight_gradient" | "bias_gradient":
                return rf"\frac{{\partial L}}{{\partial {base}}}"
            case _:
                slot = _LATEX_SLOTS.get(place.slot, place.slot)
                return rf"{slot}_{{{base}}}" if slot else base

    def _latex_base(self, place: Place, index: Index | None) -> str:
        weight = place.kind in ("weight", "weight_gradient")
        if weight or place.kind in ("bias", "bias_gradient"):
            if index is None:
                return f"{'W' if weight else 'b'}_{{{place.layer}}}"
            name = self.base(place, index)
            return f"w_{{{name[1:]}}}" if weight else f"b_{{{name[2:]}}}"
        if index is None:
            return self.names.suffix(place.layer)
        return self.names.unit(place.layer, index[-1])


_LATEX_SLOTS = {"accumulated": r"\mathrm{earlier}"}
