"""The forms of one explanation beside each other: as many as find room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from bptui.explain.explain import Explanation
from bptui.explain.lines import Span, TextLine
from bptui.explain.report import FORMS, Form, Report

GAP = Span(" │ ", "label")
LEAST = 26
"""Columns below which no form is written: its lines would be broken everywhere."""
SLACK = 3
"""Lines by which forms beside each other may be longer than one that scrolls anyway."""

Write: TypeAlias = Callable[[Explanation, Form, int], list[TextLine]]
"""Writes an explanation in a form, in so many columns."""


class Plan(NamedTuple):
    """The forms that are shown, their widths, and which of the heads stands above them.

    ``brief``: lines are spared, as always where several forms are shown.
    """

    forms: tuple[Form, ...]
    widths: tuple[int, ...]
    head: int = 0
    brief: bool = True


def beside(
    explanation: Explanation, report: Report, write: Write, height: int, alone: int
) -> tuple[Plan, list[TextLine]] | None:
    """Return the three forms, or two, where no line is cut and hardly more is out of sight.

    Above them stands what they have in common, as ``report`` writes it in its width; ``alone`` are
    the lines of the first form by itself. None: only that finds room.
    """
    above, rest = shared(explanation, report)
    written = cache(partial(write, rest))
    longest = [
        max(height, alone + SLACK if len(head) <= height // 3 else 0) - len(head) - 1
        for head in above
    ]
    tried = (FORMS, FORMS[:2], FORMS[::2]) if explanation.numbers else (FORMS[1:],)
    for forms in tried if explanation.arrays else ():
        room = report.width - len(GAP.text) * (len(forms) - 1)
        most = room - LEAST * (len(forms) - 1)
        if len(written(forms[0], most)) > max(longest):
            continue  # and the narrower, the more lines
        needed = [max(_longest(written(form, LEAST)), LEAST) for form in forms]
        if sum(needed) > room:
            continue
        widths = _widths(needed, [_longest(written(form, most)) for form in forms], room)
        rows = _rows(written, forms, widths)
        for place, lines in enumerate(longest):
            if rows is not None and len(rows) - 1 <= lines:
                return Plan(forms, widths, place), [*above[place], *rows]
    return None


def again(
    plan: Plan, explanation: Explanation, report: Report, write: Write
) -> list[TextLine] | None:
    """Return an explanation with other numbers as it was planned; None where it does not fit."""
    above, rest = shared(explanation, report)
    rows = _rows(partial(write, rest), plan.forms, plan.widths)
    return [*above[plan.head], *rows] if rows and plan.head < len(above) else None


def shared(
    explanation: Explanation, report: Report
) -> tuple[tuple[list[TextLine], ...], Explanation]:
    """Return the reasons for all forms, the most of them first, and the explanation without."""
    sections = explanation.numbers
    if not sections or not sections[0].chains:
        return ([],), explanation
    first, *others = sections[0].chains.items()
    told = {first[0]: replace(first[1], silent=True), **dict(others)}
    rest = (replace(sections[0], chains=told), *sections[1:])
    head = [*report.chain(first[1]), *report.why(first[1])]
    whys = dict.fromkeys(why for _, why in explanation.links.values() if why)
    more = [line for why in whys for line in report.said("why: ", why)]
    return ([*head, *more], head), replace(explanation, numbers=rest, links={})


def _widths(least: Sequence[int], most: Sequence[int], room: int) -> tuple[int, ...]:
    """Return widths from ``least`` to ``most``, in all no more than there is room.

    Where it does not suffice for all, the widest get the same.
    """

    def capped(cap: int) -> tuple[int, ...]:
        return tuple(max(low, min(high, cap)) for low, high in zip(least, most, strict=True))

    return next(fit for cap in range(max(most), -1, -1) if sum(fit := capped(cap)) <= room)


def _rows(
    write: Callable[[Form, int], list[TextLine]], forms: Sequence[Form], widths: Sequence[int]
) -> list[TextLine] | None:
    """Return forms under their headings; None where a line is longer than its column."""
    columns = [*map(write, forms, widths)]
    if any(_longest(column) > wide for column, wide in zip(columns, widths, strict=True)):
        return None
    headed = ([(Span(form, "heading"),), *c] for form, c in zip(forms, columns, strict=True))
    return [_row(row, widths) for row in zip_longest(*headed, fillvalue=())]


def _row(cells: Sequence[TextLine], widths: Sequence[int]) -> TextLine:
    spans: list[Span] = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        spans += [GAP] if place else []
        spans += [*cell, Span(" " * (width - _length(cell)), "operator")]
    return tuple(span for span in spans[:-1] if span.text)


def _length(line: TextLine) -> int:
    return sum(len(span.text) for span in line)


def _longest(lines: Sequence[TextLine]) -> int:
    # blanks at the end keep columns in line within it
    return max((_length(line) for line in lines), default=0)
