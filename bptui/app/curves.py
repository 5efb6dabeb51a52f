"""Loss curves kept in the chart beside the current one."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.core.history import LossHistory

MOST = 6
"""Kept curves at most: more could not be told apart."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The first ``length`` losses of a history, which may grow, and what they are called."""

    name: str
    losses: LossHistory
    length: int
