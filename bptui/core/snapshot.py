"""A snapshot: everything that one training step computed, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bptui.core.arrays import Array
from bptui.core.batches import Indices
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.core.operations import Operation


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Step ``step``: the pass made at state ``step`` on the batch of update ``step + 1``.

    ``values`` holds every intermediate by its name (net_h, out_h, loss, delta_o, gW2, ...), the
    batch as ``input`` and ``target`` included. ``parameters`` and ``slots`` are those of the state,
    ``updated_parameters`` and ``updated_slots`` those of the next one.
    """

    experiment: Experiment
    step: int
    epoch: int
    batch: Indices
    operations: tuple[Operation, ...]
    values: Mapping[str, Array]
    gradients: Parameters
    parameters: Parameters
    updated_parameters: Parameters
    slots: Mapping[str, Parameters]
    updated_slots: Mapping[str, Parameters]

    @property
    def loss(self) -> float:
        """The loss of the batch at this state, the L2 penalty included."""
        return float(self.values["loss"][0, 0])

    @property
    def outputs(self) -> Array:
        """The network's outputs, (samples, units)."""
        names = self.experiment.network.names
        return self.values[names.out(names.depth)]
