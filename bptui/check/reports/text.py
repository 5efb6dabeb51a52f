"""Prints the record of a check for people: in colours on a terminal, plain everywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any

import click

from bptui.check.reports.line_edits import Span, apart
from bptui.check.reports.report import Line, Parameter, Report, Row, laid_out
from bptui.core.mistakes import MISTAKES, UPDATED_WEIGHTS
from bptui.presets.errors import printable

LABEL = 13
"""Columns of labels."""
LONGEST = 1000
"""Characters of a text beside its label."""
NUMBER = 6
"""Columns of the numbers of lines, the margin with them."""
HANG = 4
"""How much further in the later lines of code are."""
MULTIPLE = re.compile(r" = \S+ dL")
"""What stands for twice a gradient, or minus half of one."""
MOST_ROWS = 2
"""Rows of a wrong line up to which all of it is printed."""
SHORTEST = 32
"""The fewest columns of code beside the verdicts."""
SAID = {"right": "ok", "wrong": "WRONG", "follows": "follows", "unclear": ""}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "right": {"fg": "green"},
    "wrong": {"fg": "red", "bold": True},
    "follows": {"fg": "yellow"},
    "unclear": {},
    "dim": {"dim": True},
}
"""The terminal's own colours, which its owner can read; none says what no word says, too."""


def as_text(reports: Sequence[Report], columns: int, styled: bool = False) -> str:
    """Return the reports in lines of at most so many columns, but for tables."""
    texts = (_Text(report, columns, styled) for report in reports)
    return "\n\n".join("\n".join(text.rows()) for text in texts) + "\n"


@dataclass(frozen=True)
class _Text:
    """One report in lines of so many columns."""

    report: Report
    columns: int
    styled: bool

    def paint(self, text: str, role: str) -> str:
        """Give a text a role: title, right, wrong, follows, dim."""
        return click.style(text, **STYLES[role]) if self.styled and text else text

    def rows(self) -> Iterator[str]:
        """Yield all rows of the report."""
        role = {"right": "right", "wrong": "wrong"}.get(self.report.verdict, "follows")
        heading = printable(self.report.heading or self.report.file)
        yield f"{self.paint(heading, 'title')}: {self.paint(self.report.verdict, role)}"
        if self.report.reason and not self.report.heading:
            yield from laid_out([Row(printable(self.report.reason), hang=0)], self.columns)
        yield from self._section("What was understood", self._understood())
        by_lines, wrong = any(line.line for line in self.report.lines), self.report.wrong
        if self.report.lines:
            said = self._backward_pass()
            title = "The backward pass, line by line" if by_lines else "What was computed"
            yield from self._section(title, said)
        one, several = ("line", "lines") if by_lines else ("quantity", "quantities")
        title = f"The first wrong {one if len(wrong) == 1 else several}"
        blocks = (row for line in wrong for row in ("", *self._wrong(line)))
        yield from self._section(title, islice(blocks, 1, None))
        said = (row for text in self.report.remarks for row in self._remark(text))
        yield from self._section("What to look at next", said)
        if self.report.rows:
            yield ""
            yield from laid_out(self.report.rows, self.columns)

    def _section(self, title: str, rows: Iterator[str]) -> Iterator[str]:
        for place, row in enumerate(rows):
            if not place:
                yield ""
                yield self.paint(title, "title")
            yield row

    def _beside(self, label: str, rows: Iterable[str]) -> Iterator[str]:
        """Yield rows, the first one beside its label."""
        for row in rows:
            yield f"  {self.paint(label, 'dim')}{' ' * (LABEL - len(label))}{row}"
            label = ""

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        """Yield a text beside its label, broken at blanks."""
        rows = laid_out([Row(printable(text, LONGEST), hang=0)], self.columns - 2 - LABEL)
        return self._beside(label, rows)

    def _understood(self) -> Iterator[str]:
        for label, text in self.report.facts:
            yield from self._labelled(label, text)
        loss = self.report.loss or {}
        if loss.get("line"):
            said = f"{self.report.files.told(loss['line'])}: {printable(loss['formula'])}"
            yield from self._marked("loss", said, [], "unclear")
        elif loss and not self.report.heading:
            implied = f"none is computed; the gradients are those of the {loss['formula']}"
            implied = f"{loss['formula']}, as told" if loss["given"] else implied
            yield from self._labelled("loss", implied)
        misapplied = {line.line for line in self.report.wrong if line.updates}
        yield from self._beside("parameters", self._table(misapplied))
        if self.report.parameters and not self.report.heading:
            yield from self._labelled("looked at", f"training step {self.report.step}")

    def _table(self, misapplied: Set[int | None]) -> Iterator[str]:
        """Yield the rows of parameters with their verdicts; those of one name and line together.

        Right gradients are ``misapplied`` in some lines.
        """
        groups: dict[tuple[str, tuple[int, ...], tuple[int, ...]], list[Parameter]] = {}
        for parameter in self.report.parameters:
            key = (printable(parameter.name), tuple(parameter.shape), tuple(parameter.updated))
            groups.setdefault(key, []).append(parameter)
        cells = []
        for (name, shape, updated), group in groups.items():
            size, count = " x ".join(map(str, shape)) or "number", len(group)
            several = size if count == 1 else f"{count} of {size}" if shape else f"{count} numbers"
            lines = f"updated in {self.report.files.told(*updated)}" if updated else ""
            cells.append((name, several, lines))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row, group in zip(cells, groups.values(), strict=True):
            verdicts = {parameter.verdict for parameter in group}
            text = "  ".join(
                f"{cell:{wide}}" for cell, wide in zip(row, widths, strict=True) if wide
            )
            if "wrong" in verdicts:
                own = misapplied.isdisjoint(group[0].updated)
                text += f"  {self.paint('gradient wrong' if own else 'update wrong', 'wrong')}"
            elif "not updated" in verdicts:
                text += f"  {self.paint('not updated', 'follows')}"
            yield text.rstrip()

    def _backward_pass(self) -> Iterator[str]:
        lines, file = self.report.lines, ""
        longest = max(len(printable(line.text or line.variable or "")) for line in lines)
        word = max(len(SAID[line.verdict]) for line in lines)
        stands = {id(line): _stands(line) for line in lines}
        beside = 2 + word + max(map(len, stands.values()))
        width = min(longest, max(self.columns - NUMBER - 2 - beside, SHORTEST))
        for line in lines:
            said = f"{SAID[line.verdict]:{word}}" if stands[id(line)] else SAID[line.verdict]
            code = _folded(printable(line.text or line.variable or ""), width)
            name, at = self.report.files.where(line.line or 0)
            if name != file:
                file = name
                yield f"  {self.paint(printable(name), 'dim')}"
            number = self.paint(f"{at or '':>{NUMBER}}", "dim")
            verdict = f"{self.paint(said, line.verdict)}{self.paint(stands[id(line)], 'dim')}"
            yield f"{number}  {code[0]:{width}}  {verdict}".rstrip()
            yield from (f"{' ' * NUMBER}  {row}" for row in code[1:])
        if any(MULTIPLE.match(said) for said in stands.values()):
            said = "A factor is right that a mean taken later, or the learning rate, makes up for."
            yield from ("", *laid_out([Row(f"  {said}", 2)], self.columns))

    def _wrong(self, line: Line) -> Iterator[str]:
        stands, *better = (line.stands or line.text or "", *(line.should_be or "").splitlines())
        stands, better = printable(stands), [*map(printable, better)]
        spans = apart(stands, better[0]) if better and line.line else []
        gone, come = ([pair[at] for pair in spans] for at in (0, 1))
        file, number = self.report.files.where(line.line or 0)
        if file:
            yield from self._labelled("file", file)
        name = ("the new " if line.updates else "") + printable(line.variable or "its value")
        if line.line:
            yield from self._marked(f"line {number}", stands, gone, "wrong")
        else:
            yield from self._labelled("quantity", name)
        for place, code in enumerate(better):
            yield from self._marked("" if place else "should be", code, come, "right")
        read = (parameter for parameter in self.report.parameters if parameter.name in stands)
        updated = [at for parameter in read for at in parameter.updated if at < (line.line or 0)]
        if line.mistake:
            said = f"{line.mistake}: it {MISTAKES[line.mistake].summary}"
            early = updated if line.mistake == UPDATED_WEIGHTS else []
            said += (
                f"; it may stay as it is above {self.report.files.told(min(early))}"
                if early
                else ""
            )
            yield from self._labelled("mistake", said)
        if line.difference and not spans:
            yield from self._labelled("difference", line.difference)
        if line.stands_for:
            yield from self._labelled("meaning", f"{name} stands for {line.stands_for}")
        if line.example:
            index = ", ".join(map(str, line.example.index))
            where = f"{name}[{index}]" if index else name
            found, right = (f"{n:.6g}" for n in (line.example.found, line.example.expected))
            if found != right:  # a factor of 1 makes the program's own numbers right
                said = f"{where} is {found}, and {right} is right"
                yield from self._labelled("for example", said)

    def _marked(self, label: str, code: str, spans: Sequence[Span], role: str) -> Iterator[str]:
        """Yield code beside its label, with carets below what differs."""
        if spans and len(_pieces(code, self.columns - 2 - LABEL)) > MOST_ROWS:
            code, spans = _element(code, spans)
        rows = list[str]()
        for start, end in _pieces(code, self.columns - 2 - LABEL):
            piece, carets, at, text = code[start:end].rstrip(), "", start, ""
            for a, b in spans:
                a, b = max(a, start), min(b, start + len(piece))
                if a < b:
                    text += code[at:a] + self.paint(code[a:b], role)
                    carets += " " * (a - start - len(carets)) + "^" * (b - a)
                    at = b
            hang = " " * HANG if start else ""
            rows.append(f"{hang}{text}{code[at : start + len(piece)]}")
            if carets:
                rows.append(f"{hang}{self.paint(carets, role)}")
        return self._beside(label, rows)

    def _remark(self, text: str) -> Iterator[str]:
        what, colon, rest = printable(text).partition(": ")
        first, *others = laid_out([Row(f"- {what}{colon}{rest}", 2)], self.columns)
        yield (
            first.replace(what, self.paint(what, "follows"), 1)
            if colon and what in first
            else first
        )
        yield from others


def _pieces(code: str, width: int) -> list[Span]:
    """Return from where to where each line of folded code goes: where few brackets are open."""
    opened = [*accumulate((c in "([{") - (c in ")]}") for c in code)]
    found, start = list[Span](), 0
    while len(code) - start > (room := max(width - (HANG if start else 0), 8)):
        blanks = [at for at in range(start + room // 2, start + room + 1) if code[at] == " "]
        best = min(
            blanks,
            key=lambda at: (opened[at], not code.startswith("for ", at + 1), -at),
            default=None,
        )
        end = start + room if best is None else best + 1  # a word longer than a line
        found.append((start, end))
        start = end
    return [*found, (start, len(code))]


def _element(code: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return the elements of a list, a dict or a call that differ, of code that is one."""
    opened = [*accumulate((c in "([{") - (c in ")]}") for c in code)]
    first, last = spans[0][0], spans[-1][1]
    closed = [-1, *(at for at, depth in enumerate(opened) if depth == 0), len(code)]
    begins, ends = max(at for at in closed if at < first), min(at for at in closed if at >= last)
    commas = [at for at in range(begins + 1, ends) if code[at] == "," and opened[at] == 1]
    first = max((at + 2 for at in commas if at < first), default=0)
    end = min((at for at in commas if at >= last), default=len(code))
    before, after = "... " * (first > 0), ", ..." * (end < len(code))
    by = len(before) - first
    return f"{before}{code[first:end]}{after}", [(a + by, b + by) for a, b in spans]


def _stands(line: Line) -> str:
    if line.verdict != "right" or not line.stands_for:
        return ""
    return f" = {printable(line.stands_for)}" + (f", {line.difference}" if line.difference else "")


def _folded(code: str, width: int) -> list[str]:
    """Return code in lines that end at blanks, the later ones further in."""
    pieces = [code[start:end].rstrip() for start, end in _pieces(code, width)]
    return [pieces[0], *(f"{' ' * HANG}{piece}" for piece in pieces[1:])]
