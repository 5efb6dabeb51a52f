"""The operations of one training step, in order: what each computes, from what, into what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from bptui.core.arrays import Array, Call

Stage = Literal["forward", "loss", "backward", "update"]


class Operation(NamedTuple):
    """One operation of a step: net_h, out_h, ..., L, ..., gW1, update.

    ``reads`` and ``writes`` are names of quantities, ``layer`` counts from 1 (the output layer for
    the loss and for an update of all layers). The fast loop runs ``fast`` instead of ``calls``:
    without what is only there to be shown.
    """

    name: str
    stage: Stage
    layer: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    calls: tuple[Call, ...]
    fast: tuple[Call, ...]

    @property
    def label(self) -> str:
        """``backward: gW2``, or the stage alone where it says everything."""
        return self.name if self.name.startswith(self.stage) else f"{self.stage}: {self.name}"


class StepProgram(NamedTuple):
    """One training step for one batch size: its operations, and their buffers by name."""

    operations: tuple[Operation, ...]
    buffers: Mapping[str, Array]
    loss: Array
    """(1, 1)."""
    calls: tuple[Call, ...]
    """The fast calls of all operations, one after the other."""
    shown: tuple[Call, ...]
    """The calls that leave every quantity as it is shown, likewise."""
