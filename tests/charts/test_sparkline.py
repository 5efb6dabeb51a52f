"""Losses in a line: as many bars as there is room for, as high as the losses are."""

from __future__ import annotations

import numpy as np
import pytest

from bptui.charts import sparkline


def drawn(*losses: float, width: int = 20, logarithmic: bool = False) -> tuple[str, list[int]]:
    values = np.array(losses)
    bars, steps = sparkline(np.arange(values.size), values, values, width, logarithmic=logarithmic)
    return bars, steps.tolist()


def test_a_bar_for_each_step_from_the_lowest_to_the_highest() -> None:
    assert drawn(8.0, 4.0, 2.0, 1.0) == ("█▄▂▁", [0, 1, 2, 3])
    assert drawn(8.0, 4.0, 2.0, 1.0, logarithmic=True) == ("█▆▃▁", [0, 1, 2, 3])


def test_many_steps_share_bars() -> None:
    bars, steps = drawn(*range(100, 0, -1), width=10)
    assert len(bars) == 10
    assert steps == [*range(0, 100, 10)]
    assert list(bars) == sorted(bars, reverse=True)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_cannot_be_drawn_is_blank(logarithmic: bool) -> None:
    assert drawn(2.0, np.inf, np.nan, 1.0, logarithmic=logarithmic)[0] == "█  ▁"
    assert drawn(np.nan, np.inf, logarithmic=logarithmic)[0] == "  "
    assert drawn(0.0, 0.0, logarithmic=logarithmic)[0] == ("  " if logarithmic else "▅▅")
    for width in (0, -3):
        assert drawn(1.0, 2.0, width=width, logarithmic=logarithmic) == ("", [])
    assert drawn(logarithmic=logarithmic) == ("", [])
