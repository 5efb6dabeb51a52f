"""What the screen shows: one immutable value, from which every panel renders."""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from msgspec import Meta, Struct

from bptui.core.arrays import Array, Integers
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.history import LossHistory, Summary
from bptui.core.network import Names, Network, Parameters
from bptui.presets.errors import printable

if TYPE_CHECKING:
    from bptui.app.playback.run import Speed
    from bptui.core.history import TestLosses


Count = Annotated[int, Meta(ge=0, le=2**31)]
Kind = Literal["weight", "bias", "unit"]
Direction = Literal["left", "right", "up", "down"]


class Selection(NamedTuple):
    """A weight from ``source`` in the layer before to ``unit`` of ``layer``, or a bias, or a unit.

    ``layer`` counts from 1 for weights and biases, from 0, the input, for units.
    """

    kind: Kind = "weight"
    layer: Count = 1
    unit: Count = 0
    source: Count = 0

    def name(self, names: Names) -> str:
        """Return w5 or W2[h1, o1], b_h1 or h1."""
        if self.kind == "weight":
            return names.weight(self.layer, self.source, self.unit)
        unit = names.unit(self.layer, self.unit)
        return f"b_{unit}" if self.kind == "bias" else unit

    @property
    def is_something(self) -> bool:
        """Whether anything is selected; a program's network has nothing selected in it."""
        return self.layer >= (self.kind != "unit")

    @property
    def units(self) -> tuple[tuple[int, int], ...]:
        """The units it is about, as (layer, unit): both ends of a weight, else the one."""
        own = (self.layer, self.unit)
        return ((self.layer - 1, self.source), own) if self.kind == "weight" else (own,)

    def within(self, network: Network) -> Selection:
        """Return the nearest thing that exists in ``network``: itself where it does."""
        kind = self.kind if network.bias or self.kind != "bias" else "weight"
        layer = min(max(self.layer, kind != "unit"), network.depth)
        unit = min(self.unit, network.layers[layer] - 1)
        source = min(self.source, network.layers[layer - 1] - 1) if kind == "weight" else 0
        return Selection(kind, layer, unit, source)


def selection_of(names: Names, array: str, at: tuple[int, ...]) -> Selection | None:
    """Return the weight, bias or unit that a number of an array belongs to; None for others."""
    if not at:
        return None
    *before, unit = at
    if array == "target":
        return Selection("unit", names.depth, unit)
    for layer in range(names.depth + 1):
        if layer and array in (names.weights(layer), names.weight_gradient(layer)):
            return Selection("weight", layer, unit, *before)
        if layer and array in (names.bias(layer), names.bias_gradient(layer)):
            return Selection("bias", layer, unit)
        others = (names.net, names.delta, names.out_gradient) if layer else ()
        if array in [kind(layer) for kind in (names.out, *others)]:
            return Selection("unit", layer, unit)
    return None


class Cursor(NamedTuple):
    """Stands on a number in a derivation, the ``place``th there: its array, where it is ``at``.

    ``told`` is what there is to be said of it: ``w7 = dnet_o2/dout_h1``; it stands for the numbers
    at ``also``, too.
    """

    place: int
    name: str
    at: tuple[int, ...]
    told: str = ""
    also: tuple[tuple[int, ...], ...] = ()

    def selection(self, names: Names) -> Selection | None:
        """Return the weight, bias or unit that it belongs to; None for what is no such."""
        return selection_of(names, self.name, self.at)

    def is_at(self, name: str, *place: int) -> bool:
        """Return whether it is that number of an array; of one with samples that of the unit.

        On the array itself it is at every place.
        """
        lit = (at[-len(place) :] for at in (self.at, *self.also))
        return self.name == name and any(at in ((), place) for at in lit)


LETTERS = "ABCDEF"
MOST_CURVES = len(LETTERS)
"""Kept curves at most: more could not be told apart."""


class Curve(Struct, frozen=True, eq=False):
    """The losses that there were when it was kept, and what they are called."""

    name: str
    losses: Summary
    letter: str = ""
    """Stands along the curve; it stays the same when older curves give way."""

    def envelope(self, columns: int, start: int = 0) -> tuple[Integers, Array, Array]:
        """Return what :meth:`Summary.envelope` does, from step ``start`` on."""
        steps, lows, highs = self.losses.envelope(columns)
        first = int(np.searchsorted(steps, start))
        return steps[first:], lows[first:], highs[first:]


LOOKS = attrgetter(
    *("snapshot", "played", "position", "hits", "edits", "before", "kept", "present"),
    *("selection", "cursor", "pointed", "named", "sample"),
)
"""What of a view the panels show."""


class View(Struct, frozen=True, eq=False, dict=True):
    """A snapshot and what surrounds it. ``losses`` only ever grows; ``played`` was its length."""

    snapshot: Snapshot
    losses: LossHistory
    played: int
    running: bool
    speed: Speed
    backwards: bool = False
    """Whether the run goes back in time."""
    seeking: int | None = None
    """The step being sought, while that takes longer than a moment."""
    diverged_at: int | None = None
    """The first step whose loss is not finite."""
    position: int | None = None
    """The place in the step's operations of the one just carried out; None: the whole step."""
    hits: tuple[int, ...] = ()
    """The steps at which breakpoints have stopped a run, in order."""
    selection: Selection = Selection()
    cursor: Cursor | None = None
    """On a factor of the derivation."""
    pointed: bool = False
    """Whether the selection was moved since the last operation, and so is what is explained."""
    named: bool = False
    """Whether weights and gradients are to be shown by their names."""
    sample: int | None = None
    """The sample of the data that was chosen to be looked at; None: the first of the batch."""
    edits: tuple[int, ...] = ()
    """The steps at which the user changed something, in order."""
    before: Curve | None = None
    """The losses as they were before the last edit."""
    test_losses: TestLosses | None = None
    """The losses of the test samples, where there are any; they only ever grow."""
    saved: Path | None = None
    """The file that it was saved as."""
    ahead: Summary | None = None
    """The losses known beforehand, of the steps played so far and of those to come."""
    kept: tuple[Curve, ...] = ()
    """Curves kept for comparison, in the order they were kept."""
    present: bool = False
    """Whether it is shown to a class: larger, with fewer digits, and a caption."""

    @property
    def name(self) -> str:
        """The preset's name, that of its file once it was saved."""
        return self.snapshot.experiment.name if self.saved is None else printable(self.saved.stem)

    @property
    def hurries(self) -> bool:
        """Whether what is shown changes faster than one can look at it."""
        return self.seeking is not None or (self.running and not self.speed.readable)

    @cached_property
    def row(self) -> int:
        """The row, in the batch of the shown step, of the sample that is looked at."""
        rows = np.flatnonzero(self.snapshot.batch == self.looked_at)
        return int(rows[0]) if rows.size else 0

    @property
    def looked_at(self) -> int:
        """The sample that is looked at: the one chosen, or the first of the batch."""
        return int(self.snapshot.batch[0]) if self.sample is None else self.sample

    @property
    def picture(self) -> object:
        """Equal for views that look the same in the panels."""
        return LOOKS(self)

    @property
    def operation(self) -> Operation | None:
        """The operation just carried out; None where the whole step is shown."""
        return None if self.position is None else self.snapshot.operations[self.position]

    @property
    def explained(self) -> Operation | None:
        """The operation that is explained; None where the selection is."""
        return None if self.pointed else self.operation

    @cached_property
    def written(self) -> frozenset[str]:
        """What the operations carried out so far have written; nothing of the whole step."""
        done = () if self.position is None else self.snapshot.operations[: self.position + 1]
        return frozenset(name for operation in done for name in operation.writes)

    @cached_property
    def _pending(self) -> frozenset[str]:
        """What is yet to be written, but for what has its old value until it is updated."""
        left = () if self.position is None else self.snapshot.operations[self.position + 1 :]
        names = {name for each in left if each.stage != "update" for name in each.writes}
        return frozenset(names - self.written)

    def computed(self, quantity: str) -> bool:
        """Whether ``quantity`` (net_h, gW2, loss, ...) has its value of this step by now."""
        return quantity not in self._pending

    @cached_property
    def parameters(self) -> Parameters:
        """Weights and biases as they stand: new ones where they have been updated."""
        old, new = self.snapshot.parameters, self.snapshot.updated_parameters.named()
        fresh = {name: new[name] for name in self.written & new.keys()}
        return Parameters.by_name(old.named() | fresh) if fresh else old
