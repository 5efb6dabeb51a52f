"""An experiment as a preset that stands alone: it needs no file beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from msgspec import structs

from bptui.core.arrays import frozen
from bptui.core.data import Data
from bptui.core.experiment import Experiment
from bptui.presets.build import origin_of
from bptui.presets.save import document


def toml_preset(experiment: Experiment) -> str:
    """The TOML text, which loads to the same experiment, bit by bit, from any folder.

    The preset's own words and comments stay; samples from a CSV file are written out, as that file
    may not be where the preset goes. Raises :class:`~bptui.presets.save.SaveError` where no preset
    can have these numbers.
    """
    origin = origin_of(experiment)
    if origin is not None and origin.table.data.csv is not None:
        # samples that are not those of the origin's words are written down as numbers
        none = frozen(np.empty((0, 0)))
        experiment = replace(
            experiment, origin=structs.replace(origin, data=Data(none, none, none, none))
        )
    return document(experiment)
