"""What a user's function was given, and what it gave: the material of a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bptui.core.arrays import Array
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment

Quantities: TypeAlias = Mapping[str, Array]
"""By the network's names: net_h, out_h, loss, delta_o, gW1, gb1; W1, b1 are parameters after."""
FunctionName: TypeAlias = Literal["gradients", "step"]


@dataclass(frozen=True, eq=False)
class Case:
    """A network with start values and one batch, on which code is tried.

    ``experiment`` descends plainly (sgd), makes no mistakes, and its only batch is all of its data.
    ``right`` are its steps as they should be, one after the other. The code is called once for each
    of them, in one life of its module, with the parameters of that step: so what goes wrong in one
    call cannot spoil the next one, and what is carried from call to call shows.
    """

    title: str
    """"article's own numbers", "2-2-2, random numbers, 3 samples"."""
    experiment: Experiment
    right: tuple[Snapshot, ...]
    own: bool = False
    """Whether the numbers are the preset's own."""

    @property
    def samples(self) -> int:
        return self.experiment.data.samples


@dataclass(frozen=True, eq=False)
class Trial:
    """What ``function`` gave in ``case``: the named quantities of each call.

    Arrays have the shapes of the engine's: (samples, units), (fan_in, fan_out), (fan_out,); loss
    is (1, 1). ``precision`` is the relative error that the code's own arithmetic may make.
    """

    case: Case
    function: FunctionName
    observed: tuple[Quantities, ...]
    precision: float = 1e-9
