"""Lines beside the current one: where they are drawn, and what tells them apart."""

from collections import Counter
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.charts.loss import LEAST_HEIGHT, LEAST_WIDTH, Chart
from bptui.charts.series import Series

from .test_charts import chart_of

LETTERS = "ABCDEF"
Kind = Literal["line", "dots", "points"]
KINDS: list[Kind] = ["line", "dots", "points"]
FALLING = [float(value) for value in np.exp(-np.arange(200) / 40)]
HIGHER = [value + 0.5 for value in FALLING]
LOSSES = st.lists(st.just(float("nan")) | st.floats(0.0), min_size=1, max_size=30)


def series(losses: list[float], kind: Kind = "line", mark: str = "A", start: int = 0) -> Series:
    values = np.array(losses, dtype=np.float64)
    return Series(np.arange(start, start + values.size), values, values, kind, mark)


def drawn(
    losses: list[float], *beside: Series, width: int = 60, height: int = 20, **options: int
) -> Chart:
    chart = chart_of(losses, width, height, *beside, **options)
    assert chart is not None
    return chart


def owned(chart: Chart) -> list[tuple[int, int]]:
    return sorted(cell for cell, owner in chart.owners.items() if owner == 0)


def middles(cells: list[tuple[int, int]]) -> dict[int, float]:
    """Return the middle row of a line's cells in each column."""
    columns = {column for _, column in cells}
    return {each: float(np.mean([row for row, at in cells if at == each])) for each in columns}


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_line_beside_is_drawn_as_the_current_one_would_be(logarithmic: bool) -> None:
    """Compared with a chart of the very same axes in which plotext draws it."""
    both = drawn(FALLING, series(HIGHER), logarithmic=logarithmic)
    swapped = drawn(HIGHER, series(FALLING), logarithmic=logarithmic)
    ours = middles(owned(both))
    current = [
        (row, column)
        for row in range(swapped.bottom)
        for column in ours
        if swapped.lines[row][column] != " " and (row, column) not in swapped.owners
    ]
    theirs = middles(current)
    assert len(theirs) > 0.8 * len(ours)
    assert all(abs(ours[column] - row) <= 1.0 for column, row in theirs.items())


def test_the_current_line_is_what_it_is_alone_where_marks_do_not_cover_it() -> None:
    alone = drawn([1.0, *FALLING[1:]])
    beside = drawn([1.0, *FALLING[1:]], series([0.0, 1.0, 0.9, 0.8]))
    for row, (before, after) in enumerate(zip(alone.lines, beside.lines, strict=True)):
        for column, (one, other) in enumerate(zip(before, after, strict=True)):
            assert one == other or (row, column) in beside.owners
    assert not alone.owners


def test_the_axes_cover_all_lines() -> None:
    chart = drawn([0.1] * 30, series([5.0] * 700), series([0.001] * 10, "dots"))
    assert chart.row(5.0) is not None is not chart.row(0.001)
    assert max(column for _, column in owned(chart)) == chart.column(699)


@pytest.mark.parametrize(("count", "width"), [(1, 28), (2, 150), (4, 60), (6, 28), (6, 40)])
def test_equal_lines_are_told_apart_by_their_letters(count: int, width: int) -> None:
    lines = [series(FALLING, mark=letter) for letter in LETTERS[:count]]
    chart = drawn(FALLING, *lines, width=width, height=10)
    marks = Counter("".join(line[chart.left :] for line in chart.lines[: chart.bottom]))
    assert all(1 <= marks[letter] <= 3 for letter in LETTERS[:count])
    for (row, column), owner in chart.owners.items():
        assert chart.lines[row][column] in (LETTERS[owner], *map(chr, range(0x2801, 0x2900)))


def test_a_noisy_line_leaves_room_for_others_and_a_dotted_one_has_one_dot_a_column() -> None:
    steps = np.arange(0, 6000, 100)
    noisy = Series(steps, np.full(60, 0.1), np.full(60, 0.9), "line", "A")
    assert len({row for row, _ in owned(drawn([1.0, 0.0], noisy))}) == 1
    chart = drawn([3.0], series([1.0, 2.0] * 100, "dots"))
    assert {*Counter(column for _, column in owned(chart)).values()} == {1}
    assert {chart.lines[row][column] for row, column in owned(chart)} <= set("⠁⠂⠄⡀")


def test_points_keep_apart_and_stay_where_they_are_as_others_come() -> None:
    def cells(count: int) -> set[tuple[int, int]]:
        points = series([1.0, 0.0, *[0.5] * (count - 2)], "points", "o")
        chart = drawn([0.5] * 999, points)
        found = owned(chart)
        assert all(chart.lines[row][column] == "o" for row, column in found)
        assert np.diff(sorted(column for _, column in found)).min(initial=9) >= 1
        assert len(found) <= (60 - chart.left) // 3 + 1
        return set(found)

    assert cells(300) <= cells(900)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_cannot_be_drawn_is_left_out(kind: Kind, logarithmic: bool) -> None:
    bad = series([0.5, np.nan, 0.25, np.inf, -np.inf, 0.125], kind)
    assert owned(drawn([1.0, 0.1], bad, logarithmic=logarithmic))
    nothing = series([np.nan, np.inf], kind)
    assert not drawn([1.0, 0.1], nothing, logarithmic=logarithmic).owners
    assert owned(drawn([0.0, 0.0], series(FALLING, kind), logarithmic=True))
    assert chart_of([np.nan], 60, 20, nothing, logarithmic=logarithmic) is None
    late = drawn(FALLING, series([0.5] * 900, kind, "o"), last=199, logarithmic=logarithmic)
    assert late.last == 200
    assert owned(late)


@given(
    st.lists(st.tuples(LOSSES, st.sampled_from(KINDS), st.integers(0, 40)), max_size=5),
    LOSSES,
    st.integers(LEAST_WIDTH, 70),
    st.integers(LEAST_HEIGHT, 20),
    st.booleans(),
)
@settings(deadline=None, max_examples=20)
def test_any_lines_make_a_chart_of_the_size_asked_for(
    others: list[tuple[list[float], Kind, int]],
    current: list[float],
    width: int,
    height: int,
    logarithmic: bool,
) -> None:
    beside = [series(losses, kind, "x", start) for losses, kind, start in others]
    chart = chart_of(current, width, height, *beside, logarithmic=logarithmic)
    if chart is not None:
        for row, column in chart.owners:
            assert 0 <= row < chart.bottom
            assert chart.left <= column < width
