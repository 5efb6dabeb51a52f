"""The losses of the steps to come, for the chart alone: played in a timeline of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bptui.core.timeline import Timeline

if TYPE_CHECKING:
    from bptui.app.playback.player import Player
    from bptui.core.history import Summary

MOST_STEPS = 10_000
MOST_WORK = 2e7
"""Steps times parameters times samples: some tenths of a second, as steps without many of them."""
LEAST_STEPS = 100
"""Of a network so large that fewer are affordable none is played."""
SLICE, BREATH = 0.002, 0.002
"""Seconds of work between two looks at the keyboard, and those left to everything else."""


def last_ahead(timeline: Timeline) -> int:
    """Return the step up to which the losses to come are worth their time; -1 for none."""
    experiment = timeline.latest
    work = experiment.network.parameter_count * experiment.schedule.batch_size
    affordable = min(MOST_STEPS, int(MOST_WORK / work))
    goal = min(experiment.training.steps, timeline.furthest + affordable)
    return goal if affordable >= LEAST_STEPS and timeline.furthest < goal else -1


async def look_ahead(player: Player) -> Summary | None:
    """Return the losses of what is shown up to :func:`last_ahead`, or to where they diverge.

    Works only while the player is at rest. None where they are no longer wanted, or known.
    """
    timeline = player.timeline
    last, ahead = last_ahead(timeline), timeline.ahead()
    while player.timeline is timeline and timeline.furthest < last:
        if not player.at_rest:
            await asyncio.sleep(player.frame)
        elif ahead.move_towards(last + 1, SLICE) or ahead.first_not_finite is not None:
            return ahead.losses.summary
        else:
            await asyncio.sleep(BREATH)
    return None
