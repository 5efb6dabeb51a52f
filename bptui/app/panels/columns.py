"""The forms of one explanation beside each other: as many as find room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import zip_longest
from math import inf
from typing import NamedTuple, TypeAlias

from bptui.app.panels.factors import BETWEEN
from bptui.explain.explain import Explanation
from bptui.explain.lines import Span, TextLine
from bptui.explain.pieces import FORMS, Form
from bptui.explain.report import Report

GAP = Span(BETWEEN, "label")
SLACK = 3
"""Lines by which forms beside each other may be longer than one that scrolls anyway."""

Write: TypeAlias = Callable[[Explanation, Form, int], list[TextLine]]
"""Writes an explanation in a form, in so many columns."""


class Plan(NamedTuple):
    """The forms that are shown, and which of the heads stands above them.

    ``brief``: lines are spared, as always where several forms are shown.
    """

    forms: tuple[Form, ...]
    head: int = 0
    brief: bool = True


def beside(
    explanation: Explanation, report: Report, write: Write, height: int, alone: int
) -> tuple[Plan, list[TextLine]] | None:
    """Return the three forms, or two, where no line is cut and hardly more is out of sight.

    Where some of it has to be, it is as little as can be.

    Above them stands what they have in common, as ``report`` writes it in its width; ``alone`` are
    the lines of the first form by itself. None: only that finds room.
    """
    above, rest = shared(explanation, report)
    written = cache(partial(write, rest))
    most = [
        max(height, alone + SLACK if len(head) <= height // 3 else 0) - len(head) for head in above
    ]
    tried = (FORMS, FORMS[:2], FORMS[::2]) if explanation.numbers else (FORMS[1:],)
    best: tuple[Plan, list[TextLine]] | None = None
    for forms in tried if explanation.arrays else ():
        rows = _rows(written, forms, report.width, max(most))
        for head, (lines, room) in enumerate(zip(above, most, strict=True)):
            if rows is not None and len(rows) <= room:
                placed = Plan(forms, head), [*lines, *rows]
                if len(placed[1]) <= height:
                    return placed
                best = min(best or placed, placed, key=lambda each: len(each[1]))
    return best


def again(
    plan: Plan, explanation: Explanation, report: Report, write: Write
) -> list[TextLine] | None:
    """Return an explanation with other numbers as it was planned; None where it does not fit."""
    above, rest = shared(explanation, report)
    rows = _rows(partial(write, rest), plan.forms, report.width)
    return [*above[plan.head], *rows] if rows and plan.head < len(above) else None


def shared(
    explanation: Explanation, report: Report
) -> tuple[tuple[list[TextLine], ...], Explanation]:
    """Return the reasons for all forms, the most of them first, and the explanation without."""
    sections = explanation.numbers
    if not sections or not sections[0].chains:
        return ([],), explanation
    first, chains = sections[0].statements[0], dict(sections[0].chains)
    links: list[TextLine] = []
    why: tuple[str, ...] = ()
    if first in chains:  # of another one they stand before it
        links, why = report.chain(chains[first]), chains[first].why
        chains[first] = replace(chains[first], silent=True)
    rest = (replace(sections[0], chains=chains), *sections[1:])
    # a delta's reason is the same for the array and for its numbers
    places = report.symbols.places
    arrays = [name for name, (link, _) in explanation.links.items() if " * " in link]
    whys = [explanation.links[name][1] for name in arrays if places[name].kind != "delta"]
    heads = ([*links, *report.why(*said)] for said in ((*why, *whys), why))
    return (*heads,), replace(explanation, numbers=rest, silent=True)


def _rows(
    write: Callable[[Form, int], list[TextLine]],
    forms: Sequence[Form],
    width: int,
    most: float = inf,
) -> list[TextLine] | None:
    """Return forms under their headings, in columns of one width that stay where they are.

    None where a line is longer than its column, or there are more than ``most`` of them.
    """
    share, left = divmod(width - len(GAP.text) * (len(forms) - 1), len(forms))
    # what is left over goes to the matrices, whose lines are the hardest to break
    widths = [share + left * (place == 1) for place in range(len(forms))]
    columns: list[list[TextLine]] = []
    for form, wide in zip(forms, widths, strict=True):
        column = [(Span(form, "heading"),), *write(form, wide)]
        if len(column) > most or max(map(_length, column)) > wide:
            return None
        columns.append(column)
    return [_row(row, widths) for row in zip_longest(*columns, fillvalue=())]


def _row(cells: Sequence[TextLine], widths: Sequence[int]) -> TextLine:
    spans: list[Span] = []
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        spans += [GAP] if place else []
        spans += [*cell, Span(" " * (width - _length(cell)), "operator")]
    return tuple(span for span in spans[:-1] if span.text)


def _length(line: TextLine) -> int:
    return sum([len(span.text) for span in line])
