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


class Columns(NamedTuple):
    """The forms that are shown, and their lines beside each other."""

    forms: tuple[Form, ...]
    lines: list[TextLine]


def beside(
    explanation: Explanation, report: Report, write: Write, height: int, alone: int
) -> Columns | None:
    """Return the three forms, or two, where no line is cut and hardly more is out of sight.

    Above them stands what they have in common, as ``report`` writes it in its width; ``alone`` are
    the lines of the first form by itself. None: only that finds room.
    """
    above, rest = shared(explanation, report)
    tried = (FORMS, FORMS[:2], FORMS[::2]) if explanation.numbers else (FORMS[1:],)
    for forms in tried if explanation.arrays else ():
        lines = _side_by_side(forms, lambda form, width: write(rest, form, width), report.width)
        if lines is None:
            continue
        for head in above:
            total = len(head) + len(lines)
            if total <= height or (total <= alone + SLACK and len(head) <= height // 3):
                return Columns(forms, [*head, *lines])
    return None


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


def _side_by_side(
    forms: Sequence[Form], write: Callable[[Form, int], list[TextLine]], width: int
) -> list[TextLine] | None:
    """Return forms under their headings; None where a line would be longer than its column."""
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
            headings: list[TextLine] = [(Span(form, "heading"),) for form in forms]
            rows = zip_longest(
                *([head, *column] for head, column in zip(headings, columns, strict=True)),
                fillvalue=(),
            )
            return [_row(row, widths) for row in rows]
        least = [
            max(low, long) if long > wide else low
            for low, long, wide in zip(least, found, widths, strict=True)
        ]
    return None


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
