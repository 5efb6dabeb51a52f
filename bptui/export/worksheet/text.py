"""A worksheet as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import replace

from bptui.explain.code import folded, remarked
from bptui.explain.explain import Explanation
from bptui.explain.lines import TextLine
from bptui.explain.report import Form, Report, with_carets
from bptui.export.worksheet.sheet import (
    DIGITS,
    ROUNDED,
    VALUE_DIGITS,
    Part,
    Worksheet,
    equations,
    remarks,
    sections,
)

_INDENT = "  "


def text_lines(sheet: Worksheet, width: int) -> Iterable[str]:
    """The lines of the worksheet, none of text wider than ``width``."""
    yield from textwrap.wrap(sheet.title, width)
    yield "=" * min(max(len(sheet.title), 1), width)
    for name, text in _facts(sheet):
        yield from textwrap.wrap(
            text, width, initial_indent=f"{name:12}", subsequent_indent=" " * 12
        )
    yield ""
    yield from textwrap.wrap(ROUNDED, width)
    report = Report(sheet.explainer.symbols, width - len(_INDENT), DIGITS, VALUE_DIGITS)
    for part in sheet.parts:
        yield ""
        yield from textwrap.wrap(part.title, width)
        yield "-" * min(len(part.title), width)
        if part.words:
            yield from textwrap.wrap(part.words, width)
        for form in part.forms:
            yield ""
            if not part.brief:
                yield form
            for line in _form(part, form, report):
                yield f"{_INDENT}{line}".rstrip()


def _facts(sheet: Worksheet) -> Iterable[tuple[str, str]]:
    yield from sheet.facts
    if sheet.settings:
        values = [f"{name} = {value:g}" for name, value in sheet.settings]
        yield "settings", ", ".join(values)


def _form(part: Part, form: Form, report: Report) -> list[str]:
    explanation = part.explanation
    if form == "numpy" and part.brief:
        return code_lines(part, report.width, report)
    lines = _scalar(part, report) if form == "scalar" else report.lines(explanation, form)
    wrapped: list[TextLine] = []
    for line in lines:
        if len(line) == 1 and line[0].role == "warning":
            broken = textwrap.wrap(line[0].text, report.width, subsequent_indent=_INDENT)
            wrapped += [(replace(line[0], text=text),) for text in broken]
        else:
            wrapped.append(line)
    return with_carets(wrapped)


def _scalar(part: Part, report: Report) -> list[TextLine]:
    written: list[TextLine] = []
    for _, section in sections(part.explanation, report.symbols):
        written += [()] if written else []
        written += report.scalar(Explanation("", (section,), ()))
    return written


def code_lines(part: Part, width: int, report: Report) -> list[str]:
    """A line of code for each array of a part; the mistaken one and the correct one."""
    written: list[str] = []
    for statement in part.explanation.arrays:
        for equation, remark in zip(equations(statement), remarks(statement), strict=True):
            written += folded(remarked(equation, report.symbols, *filter(None, [remark])), width)
    return written
