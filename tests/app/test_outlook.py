"""The losses of the steps to come in the chart: the ones that training finds when it gets there."""

import numpy as np
import pytest

from bptui.app.playback.outlook import MOST_STEPS, last_ahead
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .support import FASTEST, drawn_experiment, opened
from .test_mouse import click


async def test_the_steps_to_come_are_those_that_come() -> None:
    async with opened("article") as session:
        player = session.app.player
        for size, to_come in (((120, 36), "dim: to come"), ((80, 24), "dim: to come, to 1000")):
            session.resize(*size)
            await session.until(lambda t=to_come: t in session.screen(), "the steps to come")
        session.resize(120, 36)
        assert player.timeline.furthest == 0
        before = player.view().ahead
        assert before is not None
        # another weight, another future: of the same timeline nothing is played for it
        await session.press("s", "s")
        await session.step(2)
        await click(session, "+0.5", "#weights", times=2)
        await session.shows("from step 2 on")
        await session.fill("-1.5")
        await session.press("enter")
        await session.until(lambda: player.view().ahead not in (None, before), "another outlook")
        ahead, timeline = player.view().ahead, player.timeline
        assert (len(ahead), timeline.furthest) == (1001, 2)
        assert np.array_equal(ahead.lows[:2], before.lows[:2])
        assert not np.isclose(ahead.lows[2], before.lows[2])
        await session.press(*FASTEST, "space")
        await session.step(1000)
        known = timeline.losses.summary
        assert np.array_equal(known.lows, ahead.lows[:1000])
        await session.until(lambda: "to come" not in session.border("#loss"), "nothing to come")


@pytest.mark.parametrize("name", ["article", "iris", "spirals"])
def test_how_far_is_looked_ahead_is_bounded(name: str) -> None:
    timeline = Timeline(load(name))
    assert 100 <= last_ahead(timeline) <= min(MOST_STEPS, timeline.experiment.training.steps)
    timeline.move_towards(timeline.experiment.training.steps)
    timeline.snapshot(timeline.experiment.training.steps)
    assert last_ahead(timeline) == -1


def test_nothing_is_played_ahead_of_a_large_network() -> None:
    assert last_ahead(Timeline(drawn_experiment((300, 200, 10), 64, steps=10_000))) == -1
