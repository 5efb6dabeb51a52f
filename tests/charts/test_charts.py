"""The loss chart: axes that enclose the losses, the cursor's column, losses that are not finite."""

from __future__ import annotations

import math
from itertools import product
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.charts import LEAST_HEIGHT, LEAST_WIDTH, Chart, decades, loss_chart, round_up, ticks
from bptui.core.history import LossHistory


def chart_of(
    losses: list[float],
    width: int = 60,
    height: int = 20,
    *,
    logarithmic: bool = False,
) -> Chart | None:
    values = np.array(losses, dtype=np.float64)
    return loss_chart(
        np.arange(values.size),
        values,
        values,
        last=values.size - 1,
        width=width,
        height=height,
        logarithmic=logarithmic,
    )


def drawn_columns(chart: Chart) -> list[int]:
    """The columns of the plot area that hold a dot."""
    rows = [line[chart.left :] for line in chart.lines[: chart.bottom]]
    dots = [column for row in rows for column, character in enumerate(row) if character not in " "]
    return sorted({chart.left + column for column in dots})


def axis(chart: Chart) -> list[float]:
    """The values at the ticks of the vertical axis, from the top down."""
    labels = [line[: chart.left - 1].strip() for line in chart.lines[: chart.bottom]]
    return [float(text) for text in labels if text]


def is_shaped(chart: Chart, width: int, height: int) -> bool:
    return len(chart.lines) == height and {len(line) for line in chart.lines} == {width}


@given(st.lists(st.floats(0.0, 1e300), min_size=1, max_size=40), st.booleans())
@settings(deadline=None, max_examples=40)
def test_the_axis_encloses_the_losses(losses: list[float], logarithmic: bool) -> None:
    chart = chart_of(losses, logarithmic=logarithmic)
    shown = [loss for loss in losses if loss > 0.0] if logarithmic else losses
    if not shown:
        assert chart is None
        return
    assert chart is not None
    assert is_shaped(chart, 60, 20)
    marks = axis(chart)
    assert len(marks) >= 2
    margin = 1e-3 * max(abs(marks[0]), abs(marks[-1]))  # labels have four digits
    assert marks[-1] - margin <= min(shown)
    assert max(shown) <= marks[0] + margin
    assert marks == sorted(marks, reverse=True)
    assert drawn_columns(chart)


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("width", [*range(LEAST_WIDTH, 50), 77, 120, 199, 290])
def test_the_cursor_stands_where_the_dot_is_drawn(width: int, logarithmic: bool) -> None:
    for count in (1, 2, 7, 11, 200):
        for step in {0, count // 3, count // 2, count - 1}:
            losses = [math.nan] * count
            losses[step] = 0.5
            chart = chart_of(losses, width, 8, logarithmic=logarithmic)
            assert chart is not None
            assert drawn_columns(chart) == [chart.column(step)]
            assert chart.column(-1) is None
            assert chart.column(chart.last + 1) is None


def test_the_last_step_of_the_axis_is_the_last_column() -> None:
    chart = chart_of([1.0] * 11, 40)
    assert chart is not None
    assert chart.last == 10
    assert chart.column(10) == 39
    assert chart.column(0) == chart.left


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_losses_that_are_not_finite_are_left_out(bad: float, logarithmic: bool) -> None:
    chart = chart_of([1.0, 0.5, 0.25, bad, bad], logarithmic=logarithmic)
    without = chart_of([1.0, 0.5, 0.25], logarithmic=logarithmic)
    assert chart is not None
    assert chart == without
    assert chart_of([bad, bad], logarithmic=logarithmic) is None


def test_a_logarithmic_scale_leaves_out_what_is_not_above_zero() -> None:
    chart = chart_of([1.0, 0.1, 0.0, -1.0], logarithmic=True)
    assert chart is not None
    assert chart == chart_of([1.0, 0.1], logarithmic=True)
    assert chart_of([0.0, -1.0], logarithmic=True) is None
    assert chart_of([0.0, -1.0]) is not None


@pytest.mark.parametrize("value", [0.0, 1e-300, 0.25, 1.0, 7e8, 1e300, 1.7e308, 5e-324])
@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("count", [1, 2, 500])
def test_constant_losses_are_a_level_line(value: float, logarithmic: bool, count: int) -> None:
    chart = chart_of([value] * count, logarithmic=logarithmic)
    if logarithmic and value == 0.0:
        assert chart is None
        return
    assert chart is not None
    rows = [
        row for row, line in enumerate(chart.lines[: chart.bottom]) if line[chart.left :].strip()
    ]
    assert len(rows) == 1
    assert drawn_columns(chart)[0] == chart.left
    assert drawn_columns(chart)[-1] == chart.column(count - 1)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_losses_over_the_whole_range_of_floats(logarithmic: bool) -> None:
    chart = chart_of([1e300, 1.0, 1e-300], logarithmic=logarithmic)
    assert chart is not None
    assert axis(chart)[0] >= 1e300
    assert axis(chart)[-1] <= 1e-300


def test_a_small_area_has_a_chart_or_none() -> None:
    for width, height in product(range(24), range(8)):
        chart = chart_of([1.0, 0.5, 0.1], width, height)
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            assert chart is None
        else:
            assert chart is not None
            assert is_shaped(chart, width, height)


@pytest.mark.parametrize(("width", "height"), [(60, 20), (150, 60), (290, 95)])
def test_the_chart_fills_its_area_whatever_the_terminal(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    chart = chart_of([1.0, 0.5, 0.3], width, height)
    assert chart is not None
    assert is_shaped(chart, width, height)
    assert chart.lines[chart.bottom][chart.left - 1] == "└"
    assert all(line[chart.left - 1] in "┤│" for line in chart.lines[: chart.bottom])
    assert "0" in chart.lines[-1]


def test_a_million_losses_cost_little() -> None:
    history = LossHistory()
    history.extend(np.exp(-np.arange(1_000_000) / 1e5))
    best = math.inf
    for _ in range(3):
        began = perf_counter()
        steps, lows, highs = history.envelope(200)
        chart = loss_chart(steps, lows, highs, last=999_999, width=100, height=25, logarithmic=True)
        best = min(best, perf_counter() - began)
    assert chart is not None
    assert chart.last == 1_000_000
    assert best < 0.2  # 600 ms where every point is drawn


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 12))
def test_ticks_enclose_and_are_even(low: float, extent: float, most: int) -> None:
    high = low + extent
    marks = ticks(low, high, most)
    step = marks[1] - marks[0]
    slack = 1e-6 * step + 4 * np.spacing(max(abs(low), abs(high)))
    assert marks[0] <= low + slack
    assert marks[-1] >= high - slack
    assert np.allclose(np.diff(marks), step)
    assert 2 <= len(marks) <= most + 2


@given(st.floats(-320, 308), st.floats(0, 600), st.integers(2, 12))
def test_decades_enclose(low: float, extent: float, most: int) -> None:
    marks = decades(low, low + extent, most)
    assert marks[0] <= low + 1e-6
    assert marks[-1] >= low + extent - 1e-6
    assert all(mark == int(mark) for mark in marks)
    assert 2 <= len(marks) <= most + 1


@given(st.integers(0, 10**12))
def test_round_up_is_round_and_not_far(value: int) -> None:
    rounded = round_up(value)
    assert rounded >= max(value, 10)
    assert rounded <= max(2.5 * value, 10)
    assert str(rounded).rstrip("0") in "125"


def test_ticks_close_together_have_labels_of_their_own() -> None:
    losses = np.array([0.163287, 0.163262, 0.163238, 0.163214])
    chart = loss_chart(np.arange(4), losses, losses, last=3, width=60, height=50, logarithmic=False)
    assert chart is not None
    labels = [line[: chart.left - 1].strip() for line in chart.lines[: chart.bottom]]
    labels = [label for label in labels if label]
    assert len(labels) >= 3
    assert len(set(labels)) == len(labels)
    assert min(map(float, labels)) <= losses.min() <= losses.max() <= max(map(float, labels))
