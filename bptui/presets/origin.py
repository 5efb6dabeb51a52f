"""Where an experiment came from: what saving it needs and the experiment itself no longer knows."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.core.network import Parameters
from bptui.presets.schema import PresetFile


class Origin(Struct, frozen=True, eq=False):
    """The preset, and the start values and samples that were made of it.

    An experiment that still has those very arrays is described by the preset's own words for them.
    ``folder`` is where a CSV file is looked for. ``file`` is None, and ``text`` empty, for what was
    not read from a file.
    """

    table: PresetFile
    start: Parameters
    data: Data
    folder: Path
    file: Path | None = None
    text: str = ""


def origin_of(experiment: Experiment) -> Origin | None:
    """The origin of ``experiment``; None where it was made by a program."""
    return experiment.origin if isinstance(experiment.origin, Origin) else None
