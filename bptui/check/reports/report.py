"""The record of a check, made once; text for people and JSON for programs are printed from it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bptui.trace.source import ONE_FILE, Files


@dataclass(frozen=True)
class Row:
    """A sentence, ``indent`` columns in, whose further lines stand ``hang`` columns further in.

    ``kind`` "row" stays as it is.
    """

    text: str = ""
    indent: int = 0
    kind: str = "sentence"
    hang: int = 2


def laid_out(lines: Iterable[Row], width: int) -> Iterator[str]:
    """Yield ``lines`` of at most ``width`` columns, but for rows."""
    for line in lines:
        margin = " " * line.indent
        if line.kind == "row" or not line.text:
            yield f"{margin}{line.text}".rstrip()
        else:  # broken at blanks alone: 4-5-3 and paths stay whole
            yield from textwrap.wrap(
                line.text,
                width,
                initial_indent=margin,
                subsequent_indent=margin + " " * line.hang,
                break_long_words=False,
                break_on_hyphens=False,
            )


def as_plain(lines: Iterable[Row]) -> str:
    """Return ``lines`` for a record, in which sentences stay whole."""
    return "\n".join(f"{' ' * line.indent}{line.text}" for line in lines)


SCHEMA = 1
"""Of the JSON."""
SEVERITY = ("right", "unclear", "failed", "wrong")
"""Verdicts, the one that counts for a file last."""


@dataclass(frozen=True)
class Example:
    """One number of a wrong value: what the program has, and what is right."""

    index: tuple[int, ...]
    found: float
    expected: float


@dataclass(frozen=True)
class Line:
    """A line of the backward pass with its verdict; fields as in the JSON of the contract.

    Of a quantity that a function has returned only the numbers are known: it has no ``line``.
    """

    line: int | None
    text: str | None
    variable: str | None
    stands_for: str | None
    verdict: str
    should_be: str | None = None
    difference: str | None = None
    example: Example | None = None
    mistake: str | None = None
    """Of the catalogue, by its name."""
    stands: str | None = None
    """The whole statement as it stands, where ``text`` is not all of it."""
    updates: bool = False
    """Whether it makes something else of a right gradient: what it gives is a new parameter."""


@dataclass(frozen=True)
class Parameter:
    """A parameter with its gradient, fields as in the JSON."""

    name: str
    shape: tuple[int, ...]
    gradient: str | None
    verdict: str
    ratio: float | None
    max_error: float
    updated: Sequence[int] = ()
    """The lines that update it."""


@dataclass(frozen=True)
class Report:
    """What was found out about a program, or about one function of a file."""

    file: str
    verdict: str
    reason: str | None = None
    loss: dict[str, Any] | None = None
    parameters: Sequence[Parameter] = ()
    lines: Sequence[Line] = ()
    quantities: Sequence[Line] = ()
    """What a function has returned, beside the lines that were judged."""
    step: int = 1
    mistakes: Sequence[str] = ()
    remarks: Sequence[str] = ()
    """What may keep a right program from learning."""
    heading: str = ""
    """What was checked, where it is not the program: a function and its line."""
    facts: Sequence[tuple[str, str]] = ()
    """What else was understood, or has to be known: the network, how a function was called."""
    rows: Sequence[Row] = ()
    """What else there is to say, behind the lines."""
    trouble: Sequence[Row] = ()
    """Why nothing of the file could be judged."""
    files: Files = ONE_FILE
    """Through which lines are counted."""

    @property
    def wrong(self) -> list[Line]:
        """Return the first wrong lines."""
        return [line for line in self.lines if line.verdict == "wrong"]

    def blaming(self, wrong: Line) -> Report:
        """Return the report with one wrong line, from which those follow that were said to be."""
        lines = {line.line or 0: line for line in self.lines}
        lines |= {line.line or 0: replace(line, verdict="follows") for line in self.wrong}
        lines[wrong.line or 0] = wrong
        return replace(self, lines=tuple(lines[at] for at in sorted(lines)))

    def place(self, line: int | None) -> dict[str, Any]:
        """Return a line for JSON: its number, and its file where that is not the checked one."""
        name, number = self.files.where(line or 0)
        return {"line": number or None} | ({"file": name} if name else {})

    def own(self, lines: Iterable[int | None]) -> list[int]:
        """Return those of the lines that the checked file has, in order."""
        return sorted({line for line in lines if line and not self.files.of(line)})


def verdict_of(reports: Sequence[Report]) -> str:
    """Return the verdict on a file."""
    return max((report.verdict for report in reports), key=SEVERITY.index)


def as_json(reports: Sequence[Report], seconds: float) -> dict[str, Any]:
    """Return the reports on one file as JSON, which ``bptui help json`` describes."""
    first = reports[0]
    reasons = [as_plain(report.trouble) or report.reason for report in reports]
    parameters = [replace(one, updated=first.own(one.updated)) for one in first.parameters]
    lines = [
        {**asdict(line), **report.place(line.line)}
        for report in reports
        for line in (*report.lines, *report.quantities)
    ]
    mistakes = [line.pop("mistake") for line in lines]
    for line in lines:
        stands, told, text = line.pop("stands"), line["should_be"], line["text"] or ""
        before, found, behind = text.partition(stands or text or " ")
        if told and found and (before or not behind.lstrip().startswith("#")):
            line["should_be"] = f"{before}{told}{behind}"  # with the line's other statements
        elif told and stands and stands.count(text) == 1:  # a row of a statement over several
            ahead, after = stands.split(text)
            if told.startswith(ahead) and told[len(ahead) :].endswith(after):
                line["should_be"] = told[len(ahead) : len(told) - len(after)]
        del line["updates"]
    mistakes += [name for report in reports for name in report.mistakes]
    return {
        "schema": SCHEMA,
        "file": first.file,
        "verdict": verdict_of(reports),
        "reason": "\n".join(filter(None, reasons)) or None,
        "loss": first.loss and {**first.loss, **first.place(first.loss["line"])},
        "parameters": [asdict(parameter) for parameter in parameters],
        "lines": lines,
        "first_wrong_lines": sorted(
            {line for each in reports for line in each.own(one.line for one in each.wrong)}
        ),
        "mistakes": list(dict.fromkeys(filter(None, mistakes))),
        "remarks": [remark for report in reports for remark in report.remarks],
        "seconds": round(seconds, 3),
    }
