"""Stands for an experiment that is still to be made."""

from __future__ import annotations

from typing import Final

import numpy as np

from bptui.core.data import Data
from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters

_ONE, _NONE = np.zeros((1, 1)), np.zeros((0, 1))

NEW: Final = Experiment(
    "untitled",
    Network((1, 1), ("sigmoid",)),
    Parameters.of([[[0.0]]], [[0.0]]),
    Training(),
    Data(_ONE, _ONE, _NONE, _NONE),
)
"""What the dialog gives for its entry of a new, empty experiment; it is not meant to be trained."""
