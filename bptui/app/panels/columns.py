"""The forms of one explanation beside each other: as many as find room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
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
ROUNDS = 4

Write: TypeAlias = Callable[[Explanation, Form, int], list[TextLine]]
"""Writes an explanation in a form, in so many columns."""


class Plan(NamedTuple):
    """The forms that are shown, their widths, and which of the heads stands above them."""

    forms: tuple[Form, ...]
    widths: tuple[int, ...]
    head: int = 0


def beside(
    explanation: Explanation, report: Report, write: Write, height: int, alone: int
) -> tuple[Plan, list[TextLine]] | None:
    """Return the three forms, or two, where no line is cut and hardly more is out of sight.

    Above them stands what they have in common, as ``report`` writes it in its width; ``alone`` are
    the lines of the first form by itself. None: only that finds room.
    """
    above, rest = shared(explanation, report)
    tried = (FORMS, FORMS[:2], FORMS[::2]) if explanation.numbers else (FORMS[1:],)
    for forms in tried if explanation.arrays else ():
        widths = _widths(forms, lambda form, width: write(rest, form, width), report.width)
        if widths is None:
            continue
        rows = _rows(rest, write, Plan(forms, widths))
        if rows is None:
            continue
        for place, head in enumerate(above):
            total = len(head) + len(rows)
            if total <= height or (total <= alone + SLACK and len(head) <= height // 3):
                return Plan(forms, widths, place), [*head, *rows]
    return None


def again(
    plan: Plan, explanation: Explanation, report: Report, write: Write
) -> list[TextLine] | None:
    """Return an explanation with other numbers as it was planned; None where it does not fit."""
    above, rest = shared(explanation, report)
    rows = _rows(rest, write, plan)
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
    head = report.chain(first[1])
    whys = dict.fromkeys(why for _, why in explanation.links.values() if why)
    more = [line for why in whys for line in report.said("why: ", why)]
    return ([*head, *more], head), replace(explanation, numbers=rest, links={})


def _widths(
    forms: Sequence[Form], write: Callable[[Form, int], list[TextLine]], width: int
) -> tuple[int, ...] | None:
    """Return widths in which no line of any form is longer than its column; None for none."""
    write, room = cache(write), width - len(GAP.text) * (len(forms) - 1)
    wanted, least = [_longest(write(form, room)) for form in forms], [LEAST] * len(forms)
    for _ in range(ROUNDS):
        caps = range(max(wanted), LEAST - 1, -1)
        tried = (
            [max(low, min(most, cap)) for low, most in zip(least, wanted, strict=True)]
            for cap in caps
        )
        widths = next((widths for widths in tried if sum(widths) <= room), None)
        if widths is None:
            return None
        columns = [write(form, columns) for form, columns in zip(forms, widths, strict=True)]
        found = [*map(_longest, columns)]
        if all(long <= wide for long, wide in zip(found, widths, strict=True)):
            return (*widths,)
        least = [
            max(low, long) if long > wide else low
            for low, long, wide in zip(least, found, widths, strict=True)
        ]
    return None


def _rows(explanation: Explanation, write: Write, plan: Plan) -> list[TextLine] | None:
    """Return forms under their headings; None where a line is longer than its column."""
    forms, widths, _ = plan
    columns = [write(explanation, form, wide) for form, wide in zip(forms, widths, strict=True)]
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
