"""Stands for an experiment that is still to be made."""

from __future__ import annotations

from enum import Enum
from typing import Final


class New(Enum):
    """What the dialog gives for its entry of a new, empty experiment."""

    EXPERIMENT = "new"


NEW: Final = New.EXPERIMENT
