"""Prints the record of a check for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.check.report import Line, Report
from bptui.check.words import Row, laid_out
from bptui.core.mistakes import MISTAKES

LABEL, LONGEST = 12, 72
"""Columns of the labels of facts; columns of code behind which the verdicts stand."""
SAID = {"right": "ok", "wrong": "WRONG", "follows": "follows", "unclear": ""}


def as_text(reports: Sequence[Report], columns: int) -> str:
    """Return the reports in lines of at most so many columns, but for code."""
    rows = [row for report in reports for row in (*_rows(report), Row())]
    return "".join(f"{row}\n" for row in laid_out(rows[:-1], columns))


def _rows(report: Report) -> Iterator[Row]:
    said = f"{report.heading or report.file}: {report.verdict}"
    yield Row(f"{said}: {report.reason}" if report.reason and not report.heading else said)
    yield Row()
    yield Row("What was understood")
    for label, text in _understood(report):
        yield Row(f"{label:{LABEL}}{text}", 2, hang=LABEL)
    if any(line.line for line in report.lines):
        yield Row()
        yield Row("The backward pass, line by line")
        yield from _backward_pass(report)
    wrong = [line for line in report.wrong if line.line]
    if wrong:
        yield Row()
        yield Row("The first wrong line" if len(wrong) == 1 else "The first wrong lines")
    for line in wrong:
        yield from _wrong(line)
    if report.remarks:
        yield Row()
        yield Row("What to look at next")
    for remark in report.remarks:
        yield Row(f"- {remark}", 2)
    if report.rows:
        yield Row()
        yield from report.rows


def _understood(report: Report) -> Iterator[tuple[str, str]]:
    yield from report.facts
    loss = report.loss or {}
    if loss.get("line"):
        yield "loss", f"line {loss['line']}: {loss['formula']}"
    elif loss and not loss["given"]:
        yield "loss", f"none is computed; the gradients are those of the {loss['formula']}"
    named = "; ".join(
        f"{each.name} {'x'.join(map(str, each.shape)) or 'number'}"
        + {"wrong": " (gradient wrong)", "not updated": " (not updated)"}.get(each.verdict, "")
        for each in report.parameters
    )
    if named:
        yield "parameters", named
    if not report.heading:
        yield "looked at", f"training step {report.step}"


def _backward_pass(report: Report) -> Iterator[Row]:
    width = min(max(len(line.text or "") for line in report.lines), LONGEST)
    for line in report.lines:
        stands = f"  = {line.stands_for}" if line.stands_for and line.verdict == "right" else ""
        said = f"{SAID[line.verdict]}{stands}"
        yield Row(f"{line.line or '':>4}  {line.text or '':<{width}}  {said}", 2, "row")


def _wrong(line: Line) -> Iterator[Row]:
    yield Row(f"{line.line:>4}  {line.text}", 2, "row")
    if line.should_be:
        yield Row(f"should be  {line.should_be}", 8, "row")
    if line.difference:
        yield Row(f"difference {line.difference}", 8, "row")
    if line.mistake:
        yield Row(f"{line.mistake}: it {MISTAKES[line.mistake].summary}", 8)
    name = line.variable or "its value"
    if line.stands_for:
        yield Row(f"{name} stands for {line.stands_for}", 8)
    if line.example:
        index = ", ".join(map(str, line.example.index))
        where = f"{name}[{index}]" if index else name
        found, right = line.example.found, line.example.expected
        yield Row(f"for example {where} is {found:.6g}, and {right:.6g} is right", 8)
