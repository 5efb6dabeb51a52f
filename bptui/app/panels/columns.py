"""The forms of one explanation beside each other: as many as find room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import zip_longest
from typing import TypeAlias

from bptui.app.panels.factors import BETWEEN
from bptui.explain.explain import Explanation
from bptui.explain.lines import Span, TextLine
from bptui.explain.pieces import Form
from bptui.explain.report import Report

GAP = Span(BETWEEN, "label")

Forms: TypeAlias = tuple[Form, ...]
Write: TypeAlias = Callable[[Explanation, Form, int], list[TextLine]]
"""Writes an explanation in a form, in so many columns."""


def beside(
    tried: Iterable[Forms],
    explanation: Explanation,
    report: Report,
    write: Write,
    height: int,
    most: int,
) -> tuple[Forms, Sequence[TextLine]] | None:
    """Return the first forms of which no line is cut, and all are in sight.

    Else those with the fewest lines, ``most`` at most. Above them stands what they have in common,
    as ``report`` writes it in its width: with as many reasons as leave room for the rest.
    """
    above, rest = shared(explanation, report)
    written = cache(partial(write, rest))
    longer: list[tuple[Forms, Sequence[TextLine]]] = []
    for forms in tried:
        rows = _rows(written, forms, report.width, most - min(map(len, above)))
        for head in above if rows is not None else ():
            lines = [*head, *(rows or ())]
            if len(lines) <= height:
                return forms, lines
            longer += [(forms, lines)] * (len(lines) <= most)
    return min(longer, key=lambda each: len(each[1]), default=None)


def shared(
    explanation: Explanation, report: Report
) -> tuple[tuple[list[TextLine], ...], Explanation]:
    """Return the reasons for all forms, the most of them first, and the explanation without."""
    sections = explanation.numbers
    if not sections or not any(each.chain for each in sections[0].statements):
        return ([],), explanation
    first, *others = sections[0].statements
    links: list[TextLine] = []
    why: tuple[str, ...] = ()
    if first.chain:  # of another one they stand before it
        links, why = report.chain(first.chain), first.chain.why
        first = replace(first, chain=replace(first.chain, silent=True))
    rest = (replace(sections[0], statements=(first, *others)), *sections[1:])
    # a delta's reason is the same for the array and for its numbers
    places = report.symbols.places
    named = [(each.left.name, *(each.link or ("", ""))) for each in explanation.arrays]
    whys = [why for name, link, why in named if " * " in link and places[name].kind != "delta"]
    heads = ([*links, *report.why(*said)] for said in ((*why, *whys), why))
    return (*heads,), replace(explanation, numbers=rest, silent=True)


def _rows(
    write: Callable[[Form, int], list[TextLine]],
    forms: Sequence[Form],
    width: int,
    most: int,
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
