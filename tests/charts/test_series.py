"""Lines beside the current one: where they are drawn, and what tells them apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptui.charts import LEAST_HEIGHT, LEAST_WIDTH, Chart, Series, loss_chart

LETTERS = "ABCDEF"


def series(losses: list[float], kind: str = "line", mark: str = "A", start: int = 0) -> Series:
    values = np.array(losses, dtype=np.float64)
    steps = np.arange(start, start + values.size)
    return Series(steps, values, values, kind, mark)  # type: ignore[arg-type]  # one of three words


def chart_of(
    losses: list[float],
    *beside: Series,
    width: int = 60,
    height: int = 20,
    logarithmic: bool = False,
    last: int | None = None,
) -> Chart | None:
    current = series(losses)
    ends = [int(each.steps[-1]) for each in (current, *beside) if each.steps.size]
    return loss_chart(
        *(current.steps, current.lows, current.highs),
        last=max(ends) if last is None else last,
        width=width,
        height=height,
        logarithmic=logarithmic,
        beside=beside,
    )


def drawn(losses: list[float], *beside: Series, **options: int | None) -> Chart:
    chart = chart_of(losses, *beside, **options)  # type: ignore[arg-type]  # numbers, by name
    assert chart is not None
    return chart


def owned(chart: Chart, number: int) -> list[tuple[int, int]]:
    return sorted(cell for cell, owner in chart.owners.items() if owner == number)


def middles(chart: Chart, cells: list[tuple[int, int]]) -> dict[int, float]:
    """The middle row of a line's cells in each column."""
    columns = sorted({column for _, column in cells})
    return {each: float(np.mean([row for row, at in cells if at == each])) for each in columns}


LOSSES = st.one_of(st.just(float("nan")), st.floats(0.0))
FALLING = [float(value) for value in np.exp(-np.arange(200) / 40)]
HIGHER = [value + 0.5 for value in FALLING]


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_line_beside_is_drawn_as_the_current_one_would_be(logarithmic: bool) -> None:
    """Compared with a chart of the very same axes in which plotext draws it."""
    both = drawn(FALLING, series(HIGHER), logarithmic=logarithmic)
    swapped = drawn(HIGHER, series(FALLING), logarithmic=logarithmic)
    assert both.left == swapped.left
    ours, theirs = middles(both, owned(both, 0)), {}
    for column in ours:
        rows = [
            row
            for row in range(swapped.bottom)
            if swapped.lines[row][column] != " " and (row, column) not in swapped.owners
        ]
        if rows:
            theirs[column] = float(np.mean(rows))
    assert len(theirs) > 0.8 * len(ours)
    assert all(abs(ours[column] - row) <= 1.0 for column, row in theirs.items())


def test_the_current_line_is_what_it_is_alone_where_marks_do_not_cover_it() -> None:
    alone = drawn([1.0, *FALLING[1:]])
    beside = drawn([1.0, *FALLING[1:]], series([0.0, 1.0, 0.9, 0.8], mark="A"))
    for row, (before, after) in enumerate(zip(alone.lines, beside.lines, strict=True)):
        for column, (one, other) in enumerate(zip(before, after, strict=True)):
            assert one == other or (row, column) in beside.owners
    assert not alone.owners


def test_the_axes_cover_all_lines() -> None:
    chart = drawn([0.1] * 30, series([5.0] * 700), series([0.001] * 10, "dots"))
    labels = [line[: chart.left - 1].strip() for line in chart.lines[: chart.bottom]]
    values = [float(text) for text in labels if text]
    assert min(values) <= 0.001
    assert max(values) >= 5.0
    assert chart.last == 1000
    assert max(column for _, column in owned(chart, 0)) == chart.column(699)


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
    assert len({row for row, _ in owned(drawn([1.0, 0.0], noisy), 0)}) == 1
    chart = drawn([3.0], series([1.0, 2.0] * 100, "dots"))
    assert {*Counter(column for _, column in owned(chart, 0)).values()} == {1}
    assert {chart.lines[row][column] for row, column in owned(chart, 0)} <= set("⠁⠂⠄⡀")


def test_points_keep_apart_and_stay_where_they_are_as_others_come() -> None:
    def cells(count: int) -> list[tuple[int, int]]:
        current = [0.5] * 999
        chart = drawn(current, series([1.0, 0.0, *[0.5] * (count - 2)], "points", "o"))
        found = owned(chart, 0)
        assert all(chart.lines[row][column] == "o" for row, column in found)
        columns = sorted(column for _, column in found)
        assert np.diff(columns).min(initial=9) >= 1
        assert len(columns) <= (60 - chart.left) // 3 + 1
        return found

    few, many = cells(300), cells(900)
    assert set(few) <= set(many)


@pytest.mark.parametrize("kind", ["line", "dots", "points"])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_cannot_be_drawn_is_left_out(kind: str, logarithmic: bool) -> None:
    bad = series([0.5, np.nan, 0.25, np.inf, -np.inf, 0.125], kind)
    assert owned(drawn([1.0, 0.1], bad, logarithmic=logarithmic), 0)
    nothing = series([np.nan, np.inf], kind)
    assert not drawn([1.0, 0.1], nothing, logarithmic=logarithmic).owners
    assert owned(drawn([0.0, 0.0], series(FALLING, kind), logarithmic=True), 0)
    assert chart_of([np.nan], nothing, logarithmic=logarithmic) is None
    late = drawn(FALLING, series([0.5] * 900, kind, "o"), last=199, logarithmic=logarithmic)
    assert late.last == 200
    assert owned(late, 0)


@given(
    st.lists(
        st.tuples(
            st.lists(LOSSES, min_size=1, max_size=30),
            st.sampled_from(["line", "dots", "points"]),
            st.integers(0, 40),
        ),
        max_size=5,
    ),
    st.lists(LOSSES, min_size=1, max_size=30),
    st.integers(LEAST_WIDTH, 70),
    st.integers(LEAST_HEIGHT, 20),
    st.booleans(),
)
@settings(deadline=None, max_examples=20)
def test_any_lines_make_a_chart_of_the_size_asked_for(
    others: list[tuple[list[float], str, int]],
    current: list[float],
    width: int,
    height: int,
    logarithmic: bool,
) -> None:
    beside = [series(losses, kind, "x", start) for losses, kind, start in others]
    chart = chart_of(current, *beside, width=width, height=height, logarithmic=logarithmic)
    if chart is not None:
        assert len(chart.lines) == height
        assert {len(line) for line in chart.lines} == {width}
        for row, column in chart.owners:
            assert 0 <= row < chart.bottom
            assert chart.left <= column < width
