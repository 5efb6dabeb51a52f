"""The loss chart: axes that enclose the losses, the cursor's column, losses that are not finite."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.charts import LEAST_HEIGHT, LEAST_WIDTH, Chart, loss_chart, round_up
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


def axis(chart: Chart) -> dict[int, float]:
    """The values at the ticks of the vertical axis by their rows, from the top down.

    On a logarithmic scale they are the exponents of ten, which floats may not hold.
    """
    labels = [line[: chart.left - 1].strip() for line in chart.lines[: chart.bottom]]
    read = float if chart.unit is not None else exponent
    return {row: read(text) for row, text in enumerate(labels) if text}


def exponent(label: str) -> float:
    power = label.removeprefix("1e") if "e" in label else str(math.log10(float(label)))
    assert float(power) == round(float(power))
    return float(power)


def drawn_rows(chart: Chart) -> list[int]:
    """The rows of the plot area that hold a dot."""
    return [
        row for row, line in enumerate(chart.lines[: chart.bottom]) if line[chart.left :].strip()
    ]


def is_shaped(chart: Chart, width: int, height: int) -> bool:
    return len(chart.lines) == height and {len(line) for line in chart.lines} == {width}


LOSSES = st.lists(st.just(0.0) | st.floats(1e-300, 1e300), min_size=1, max_size=40)
"""Not so small that numbers between them have no digits left."""


@given(LOSSES, st.booleans(), st.integers(LEAST_HEIGHT, 40))
@settings(deadline=None, max_examples=20)
def test_every_loss_stands_where_even_and_round_ticks_say(
    losses: list[float], logarithmic: bool, height: int
) -> None:
    chart = chart_of(losses, 60, height, logarithmic=logarithmic)
    shown = [loss for loss in losses if loss > 0.0] if logarithmic else losses
    if not shown:
        assert chart is None
        return
    assert chart is not None
    assert is_shaped(chart, 60, height)
    ticks = axis(chart)
    rows, values = [*ticks], [*ticks.values()]
    assert len(ticks) >= 2
    assert len(set(np.diff(rows))) == 1
    steps = np.diff(values)
    assert np.allclose(steps, steps[0], rtol=1e-3)  # labels have four digits
    mantissa = f"{-steps[0]:e}".split("e")[0].rstrip("0").rstrip(".")
    assert mantissa in (("1", "2", "3", "5") if logarithmic else ("1", "2", "2.5", "5"))
    drawn = set(drawn_rows(chart))
    for loss in shown:
        place = chart.row(loss)
        assert place in drawn
        value = math.log10(loss) if logarithmic else loss
        wanted = rows[0] + (value - values[0]) / steps[0] * (rows[1] - rows[0])
        assert abs(place - wanted) < 0.51 + 1e-3 * abs(values[0] / steps[0]) * len(rows)


@pytest.mark.parametrize("width", [24, 30, 46, 47, 48, 60, 83, 120])
@pytest.mark.parametrize("count", [1, 11, 42, 1001, 250_000])
def test_the_ticks_of_steps_are_even_and_round(width: int, count: int) -> None:
    ones, steps = np.ones(2), np.array([0, count - 1])
    chart = loss_chart(steps, ones, ones, last=count - 1, width=width, height=9, logarithmic=False)
    assert chart is not None
    line, below = chart.lines[chart.bottom :]
    places = [place for place, character in enumerate(line) if character == "┬"]
    assert places[0] == chart.left
    assert len(set(np.diff(places))) == 1
    assert len(places) == 6 or width < 60
    shown = [int(text.replace(" ", "")) for text in re.findall(r"\d+(?: \d{3})*", below)]
    assert shown == [round(chart.last * k / (len(places) - 1)) for k in range(len(places))]
    assert [chart.column(step) for step in shown] == places


@pytest.mark.parametrize("height", [8, 9, 10, 12, 14, 20, 36])
@pytest.mark.parametrize(
    ("low", "high"),
    [(0.001, 1.2), (0.9, 1.2), (0.02, 0.16), (3.1, 9.7), (0.0, 2.05), (17.0, 101.0)],
)
def test_the_curve_fills_the_chart(low: float, high: float, height: int) -> None:
    """Rounding the axis takes no more than a quarter of the height: 1.2 once had an axis to 2."""
    chart = chart_of(np.linspace(high, low, 50).tolist(), 60, height)
    assert chart is not None
    assert len(drawn_rows(chart)) >= 0.75 * chart.bottom


def test_the_axis_stays_while_a_loss_falls() -> None:
    """It reaches over a fifth of the largest loss from the first step on."""
    axes = []
    for count in range(1, 9):
        chart = chart_of([0.163287 * 0.98**step for step in range(count)], 60, 14)
        assert chart is not None
        axes.append(axis(chart))
    assert all(each == axes[0] for each in axes)
    assert [*axes[0].values()] == [0.16, 0.14]


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


@pytest.mark.parametrize("count", [2, 11, 180, 3_000])
def test_a_column_stands_for_a_step_that_is_drawn_there(count: int) -> None:
    chart = chart_of([0.5] * count, 60, 8)
    assert chart is not None
    for step in range(chart.last + 1 if chart.last < chart.columns else 0):
        column = chart.column(step)
        assert column is not None
        assert chart.step(column) == step
    for column in range(chart.left, chart.left + chart.columns):
        nearest = chart.step(column)
        assert nearest is not None
        assert chart.last < chart.columns or chart.column(nearest) == column
    assert chart.step(chart.left - 1) is None
    assert chart.step(chart.left + chart.columns) is None


def test_the_last_step_of_the_axis_is_its_last_tick() -> None:
    chart = chart_of([1.0] * 11, 40)
    assert chart is not None
    assert chart.last == 10
    assert chart.column(10) == chart.lines[chart.bottom].rindex("┬")
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
    assert drawn_rows(chart) == [chart.row(value)]
    assert drawn_columns(chart)[0] == chart.left
    assert drawn_columns(chart)[-1] == chart.column(count - 1)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_losses_over_the_whole_range_of_floats(logarithmic: bool) -> None:
    chart = chart_of([1e300, 1.0, 1e-300], logarithmic=logarithmic)
    assert chart is not None
    rows = [chart.row(loss) for loss in (1e300, 1.0, 1e-300)]
    assert None not in rows
    assert rows == sorted(rows, key=lambda row: row or 0)


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


def test_a_million_losses_are_drawn_as_few() -> None:
    history = LossHistory()
    history.extend(np.exp(-np.arange(1_000_000) / 1e5))
    steps, lows, highs = history.envelope(200)
    assert len(steps) <= 201
    chart = loss_chart(steps, lows, highs, last=999_999, width=100, height=25, logarithmic=True)
    assert chart is not None
    assert chart.last == 1_000_000


@given(st.integers(0, 10**12))
def test_round_up_is_round_and_not_far(value: int) -> None:
    rounded = round_up(value)
    assert rounded >= max(value, 10)
    assert rounded <= max(2.5 * value, 10)
    assert str(rounded).rstrip("0") in "125"
