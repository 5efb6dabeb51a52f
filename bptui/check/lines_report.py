"""What is said of a program: its parts, each line with its verdict, the first wrong line."""

from __future__ import annotations

import difflib
import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from bptui.core.mistakes import MISTAKES

SCHEMA = 1
"""Of the JSON."""


@dataclass(frozen=True)
class Example:
    """One number of a wrong value: what the program has, and what is right."""

    index: tuple[int, ...]
    found: float
    expected: float


@dataclass(frozen=True)
class Line:
    """A line of the backward pass with its verdict; fields as in the JSON of the contract."""

    line: int
    text: str
    variable: str | None
    stands_for: str | None
    verdict: str
    should_be: str | None = None
    difference: str | None = None
    example: Example | None = None
    mistake: str | None = None
    """Of the catalogue, by its name."""


@dataclass(frozen=True)
class Parameter:
    name: str
    shape: tuple[int, ...]
    gradient: str | None
    verdict: str
    ratio: float | None
    max_error: float


@dataclass(frozen=True)
class Report:
    """What was found out about a program."""

    file: str
    verdict: str
    reason: str | None
    loss: dict[str, Any] | None
    parameters: tuple[Parameter, ...]
    lines: tuple[Line, ...]
    first_wrong_lines: tuple[int, ...]
    step: int = 1

    def as_json(self, seconds: float) -> dict[str, Any]:
        """Return the report as the contract's JSON."""
        fields = asdict(self)
        fields.pop("step")
        named = [line.pop("mistake") for line in fields["lines"]]
        mistakes = list(dict.fromkeys(filter(None, named)))
        return {"schema": SCHEMA, **fields, "mistakes": mistakes, "seconds": round(seconds, 3)}


def difference(old: str, new: str) -> str:
    """Return what differs between two lines, in short: ``error -> d2``."""

    def words(text: str) -> list[str]:
        return [part for part in _split(text) if part]

    one, other = words(old), words(new)
    parts: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind != "equal":
            gone, come = "".join(one[a:b]).strip(), "".join(other[c:d]).strip()
            parts.append(f"{gone or 'nothing'} -> {come or 'nothing'}")
    return "; ".join(parts)


def _split(text: str) -> list[str]:
    found, word = [], ""
    for letter in text:
        if letter.isalnum() or letter in "_.":
            word += letter
        else:
            found += [word, letter]
            word = ""
    return [*found, word]


def as_text(report: Report, columns: int) -> str:
    """Return the report for people, in three parts; sentences are broken at so many columns."""
    if report.verdict == "failed":
        return f"{report.reason}\n"
    rows = [
        f"{report.file}: {report.verdict}" + (f": {report.reason}" if report.reason else ""),
        "",
    ]
    rows += ["What was understood", *_understood(report, columns), ""]
    width = max((len(line.text) for line in report.lines), default=0)
    rows.append("The backward pass, line by line")
    for line in report.lines:
        said = {"right": "ok", "wrong": "WRONG", "follows": "follows"}[line.verdict]
        stands = f"  = {line.stands_for}" if line.stands_for and line.verdict == "right" else ""
        rows.append(f"  {line.line:>4}  {line.text:<{min(width, 72)}}  {said}{stands}")
    wrong = [line for line in report.lines if line.verdict == "wrong"]
    if wrong:
        rows += ["", "The first wrong line" if len(wrong) == 1 else "The first wrong lines"]
    for line in wrong:
        rows.append(f"  {line.line:>4}  {line.text}")
        if line.should_be:
            rows.append(f"        should be  {line.should_be}")
        if line.difference:
            rows.append(f"        difference {line.difference}")
        if line.mistake:
            rows.append(f"        {line.mistake}: it {MISTAKES[line.mistake].summary}")
        if line.stands_for:
            rows.append(f"        {line.variable or 'its value'} stands for {line.stands_for}")
        if line.example:
            index = ", ".join(map(str, line.example.index))
            where = f"[{index}]" if index else ""
            found, right = line.example.found, line.example.expected
            name = f"{line.variable or 'it'}{where}"
            rows.append(f"        for example {name} is {found:.6g}, and {right:.6g} is right")
    return "\n".join(rows) + "\n"


def _understood(report: Report, columns: int) -> list[str]:
    loss = report.loss or {}
    if loss.get("line"):
        said = f"line {loss['line']}: {loss['formula']}"
    else:
        said = f"none is computed; the gradients are those of the {loss.get('formula')}"
    named = "; ".join(
        f"{each.name} {'x'.join(map(str, each.shape)) or 'number'}"
        + ("" if each.verdict == "right" else " (gradient wrong)")
        for each in report.parameters
    )
    rows = {"loss": said, "parameters": named, "looked at": f"training step {report.step}"}
    return [
        row
        for name, text in rows.items()
        for row in textwrap.wrap(
            text, columns, initial_indent=f"  {name:<12}", subsequent_indent=" " * 14
        )
    ]
