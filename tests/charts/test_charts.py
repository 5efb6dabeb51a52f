"""The loss chart: axes that enclose the losses, the cursor's column, losses that are not finite."""

import math
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.charts.axes import round_up
from bptui.charts.loss import LEAST_HEIGHT, LEAST_WIDTH, Chart, loss_chart, sparkline
from bptui.charts.series import Series

NOT_FINITE = [math.nan, math.inf, -math.inf]


def chart_of(
    losses: list[float],
    width: int = 60,
    height: int = 20,
    *beside: Series,
    logarithmic: bool = False,
    last: int = 0,
) -> Chart | None:
    values = np.array(losses, dtype=np.float64)
    ends = [values.size - 1, *(int(each.steps[-1]) for each in beside if each.steps.size)]
    size = {"last": last or max(ends), "width": width, "height": height}
    steps = np.arange(values.size)
    chart = loss_chart(steps, values, values, **size, logarithmic=logarithmic, beside=beside)
    if chart is not None:
        assert len(chart.lines) == height
        assert {len(line) for line in chart.lines} == {width}
    return chart


def drawn(losses: list[float], *size: int, logarithmic: bool = False) -> Chart:
    chart = chart_of(losses, *size, logarithmic=logarithmic)
    assert chart is not None
    return chart


def drawn_columns(chart: Chart) -> list[int]:
    """Return the columns of the plot area that hold a dot."""
    rows = [line[chart.left :] for line in chart.lines[: chart.bottom]]
    return [
        chart.left + at for at, column in enumerate(zip(*rows, strict=True)) if {*column} != {" "}
    ]


def drawn_rows(chart: Chart) -> list[int]:
    """Return the rows of the plot area that hold a dot."""
    rows = chart.lines[: chart.bottom]
    return [row for row, line in enumerate(rows) if line[chart.left :].strip()]


def axis(chart: Chart) -> dict[int, float]:
    """Return the values at the ticks of the vertical axis by their rows, from the top down.

    On a logarithmic scale they are the exponents of ten, which floats may not hold.
    """
    labels = [line[: chart.left - 1].strip() for line in chart.lines[: chart.bottom]]
    read = float if chart.unit is not None else exponent
    return {row: read(text) for row, text in enumerate(labels) if text}


def exponent(label: str) -> float:
    power = label.removeprefix("1e") if "e" in label else str(math.log10(float(label)))
    assert float(power) == round(float(power))
    return float(power)


LOSSES = st.lists(st.just(0.0) | st.floats(1e-300, 1e300), min_size=1, max_size=40)
"""Not so small that numbers between them have no digits left."""


@given(LOSSES, st.booleans(), st.integers(LEAST_HEIGHT, 40))
@settings(deadline=None, max_examples=20)
def test_every_loss_stands_where_even_and_round_ticks_say(
    losses: list[float], logarithmic: bool, height: int
) -> None:
    shown = [loss for loss in losses if loss > 0.0] if logarithmic else losses
    if not shown:
        assert chart_of(losses, 60, height, logarithmic=logarithmic) is None
        return
    chart = drawn(losses, 60, height, logarithmic=logarithmic)
    ticks = axis(chart)
    rows, values = [*ticks], [*ticks.values()]
    assert len(ticks) >= 2
    assert len(set(np.diff(rows))) == 1
    steps = np.diff(values)
    assert np.allclose(steps, steps[0], rtol=1e-3)  # labels have four digits
    mantissa = f"{-steps[0]:e}".split("e")[0].rstrip("0").rstrip(".")
    assert mantissa in ("1", "2", "5")
    for loss in shown:
        place = chart.row(loss)
        # just between two rows rounding decides, here and in plotext
        near = {place, *(chart.row(loss * share) for share in (1.0 - 1e-9, 1.0 + 1e-9))}
        assert near & {*drawn_rows(chart)}
        value = math.log10(loss) if logarithmic else loss
        wanted = rows[0] + (value - values[0]) / steps[0] * (rows[1] - rows[0])
        assert abs(place - wanted) < 0.51 + 1e-3 * abs(values[0] / steps[0]) * len(rows)


@pytest.mark.parametrize("width", [24, 30, 46, 47, 48, 60, 83, 120])
@pytest.mark.parametrize("count", [1, 11, 42, 1001, 250_000])
def test_the_ticks_of_steps_are_even_and_round(width: int, count: int) -> None:
    ones, steps = np.ones(2), np.array([0, count - 1])
    chart = loss_chart(steps, ones, ones, last=count - 1, width=width, height=9, logarithmic=False)
    line, below = chart.lines[chart.bottom :]
    places = [place for place, character in enumerate(line) if character == "┬"]
    assert (places[0], places[-1]) == (chart.left, chart.column(chart.last))
    assert len(set(np.diff(places))) == 1
    assert len(places) >= 5 or width < 60
    assert str(chart.last // (len(places) - 1)).rstrip("0") in ("1", "2", "5")
    shown = [int(text.replace(" ", "")) for text in re.findall(r"\d+(?: \d{3})*", below)]
    assert shown == [round(chart.last * k / (len(places) - 1)) for k in range(len(places))]
    assert [chart.column(step) for step in shown] == places


@pytest.mark.parametrize("height", [8, 9, 10, 12, 14, 20, 36])
def test_the_curve_fills_the_chart(height: int) -> None:
    """Rounding the axis takes at most three tenths of the height: 1.2 once had an axis to 2."""
    ends = [(0.001, 1.2), (0.9, 1.2), (0.02, 0.16), (3.1, 9.7), (0.0, 2.05), (17.0, 101.0)]
    for low, high in ends:
        chart = drawn(np.linspace(high, low, 50).tolist(), 60, height)
        assert len(drawn_rows(chart)) >= 0.7 * chart.bottom


def test_the_axis_stays_while_a_loss_falls() -> None:
    """It reaches over a fifth of the largest loss from the first step on."""
    losses = [0.163287 * 0.98**step for step in range(8)]
    axes = [axis(drawn(losses[:count], 60, 14)) for count in range(1, 9)]
    assert all(each == axes[0] for each in axes)
    assert [*axes[0].values()] == [0.16, 0.14]


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("width", [*range(LEAST_WIDTH, 50, 3), 77, 120, 199, 290])
def test_the_cursor_stands_where_the_dot_is_drawn(width: int, logarithmic: bool) -> None:
    for count in (1, 2, 7, 11, 200):
        for step in {0, count // 3, count // 2, count - 1}:
            losses = [math.nan] * count
            losses[step] = 0.5
            chart = drawn(losses, width, 8, logarithmic=logarithmic)
            assert drawn_columns(chart) == [chart.column(step)]
            assert chart.column(-1) is chart.column(chart.last + 1) is None


@pytest.mark.parametrize("count", [2, 11, 180, 3_000])
def test_a_column_stands_for_a_step_that_is_drawn_there(count: int) -> None:
    chart = drawn([0.5] * count, 60, 8)
    for step in range(chart.last + 1 if chart.last < chart.columns else 0):
        assert chart.step(chart.column(step) or 0) == step
    for column in range(chart.left, chart.left + chart.columns):
        nearest = chart.step(column)
        assert nearest is not None
        assert chart.last < chart.columns or chart.column(nearest) == column
    ends = chart.left, chart.left + chart.columns - 1
    assert [*map(chart.step, ends)] == [0, chart.last]
    assert chart.step(chart.left - 1) is chart.step(chart.left + chart.columns) is None


@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_cannot_be_drawn_is_left_out(logarithmic: bool) -> None:
    without = drawn([1.0, 0.5, 0.25], logarithmic=logarithmic)
    for bad in [*NOT_FINITE, *[0.0, -1.0] * logarithmic]:
        assert chart_of([1.0, 0.5, 0.25, bad, bad], logarithmic=logarithmic) == without
        assert chart_of([bad, bad], logarithmic=logarithmic) is None
    assert chart_of([0.0, -1.0]) is not None


@pytest.mark.parametrize("value", [0.0, 1e-300, 0.25, 1.0, 7e8, 1e300, 1.7e308, 5e-324])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_constant_losses_are_a_level_line(value: float, logarithmic: bool) -> None:
    for count in (1, 2, 500):
        if logarithmic and value == 0.0:
            assert chart_of([value] * count, logarithmic=True) is None
            continue
        chart = drawn([value] * count, logarithmic=logarithmic)
        assert drawn_rows(chart) == [chart.row(value)]
        columns = drawn_columns(chart)
        assert (columns[0], columns[-1]) == (chart.left, chart.column(count - 1))
    chart = drawn([1e300, 1.0, 1e-300], logarithmic=logarithmic)
    rows = [chart.row(loss) or 0 for loss in (1e300, 1.0, 1e-300)]
    assert rows == sorted(rows)


def test_charts_of_every_size_fill_their_area_whatever_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    for width, height in [*product(range(24), range(8)), (60, 20), (150, 60), (290, 95)]:
        chart = chart_of([1.0, 0.5, 0.1], width, height)
        assert (chart is None) == (width < LEAST_WIDTH or height < LEAST_HEIGHT)
        if chart is not None:
            assert chart.lines[chart.bottom][chart.left - 1] == "└"
            assert all(line[chart.left - 1] in "┤│" for line in chart.lines[: chart.bottom])


@given(st.integers(0, 10**12))
def test_round_up_is_round_and_not_far(value: int) -> None:
    rounded = round_up(value)
    assert max(value, 10) <= rounded <= max(2.5 * value, 10)
    assert str(rounded).rstrip("0") in "125"


def bars(*losses: float, width: int = 20, logarithmic: bool = False) -> tuple[str, list[int]]:
    values = np.array(losses)
    text, steps = sparkline(np.arange(values.size), values, values, width, logarithmic=logarithmic)
    return text, steps.tolist()


def test_a_line_of_bars_goes_from_the_lowest_to_the_highest() -> None:
    assert bars(8.0, 4.0, 2.0, 1.0) == ("█▄▂▁", [0, 1, 2, 3])
    assert bars(8.0, 4.0, 2.0, 1.0, logarithmic=True) == ("█▆▃▁", [0, 1, 2, 3])
    text, steps = bars(*range(100, 0, -1), width=10)
    assert steps == [*range(0, 100, 10)]
    assert [*text] == sorted(text, reverse=True)
    for logarithmic in (False, True):
        assert bars(2.0, np.inf, np.nan, 1.0, logarithmic=logarithmic)[0] == "█  ▁"
        assert bars(np.nan, np.inf, logarithmic=logarithmic)[0] == "  "
        assert bars(0.0, 0.0, logarithmic=logarithmic)[0] == ("  " if logarithmic else "▅▅")
        for width in (0, -3):
            assert bars(1.0, 2.0, width=width, logarithmic=logarithmic) == ("", [])
        assert bars(logarithmic=logarithmic) == ("", [])
