"""The program's text: the line just carried out, and the verdict of each line."""

from __future__ import annotations

import io
import textwrap
import tokenize
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import Line, fitted
from bptui.app.panels.pictures import Picture, by_rows
from bptui.app.program.moment import SIGNS, Moment, ProgramPanel, verdict_style
from bptui.app.view import Direction

AROUND = 4
"""Lines above and below that are in sight with the one just carried out."""


class Row(NamedTuple):
    """A row of the panel: a line, or what a wrong line should be, or a file's name above it."""

    line: int
    said: str = ""
    file: str = ""


class SourcePanel(ProgramPanel):
    """Each line with its number and verdict; below a wrong one stands what it should be."""

    def __init__(self) -> None:
        super().__init__("Source", "source")

    def rows(self, view: Moment) -> list[Row]:
        """Return the lines of the program: behind a wrong one what it should be."""
        found: list[Row] = []
        files = view.record.source.files
        first = {before + 1: name for before, name in zip(files.before, files.names, strict=True)}
        for number, text in enumerate(view.record.rows, 1):
            if first.get(number):
                found.append(Row(number, file=first[number]))
            found.append(Row(number))
            line = view.record.judged.get(number)
            if line is not None and line.verdict == "wrong":
                said = f"should be: {line.should_be}" if line.should_be else line.difference or ""
                indent = len(text) - len(text.lstrip())
                room = self.container_size.width - _digits(view) - 4 - indent
                parts = textwrap.wrap(said, max(room, 20))
                found += [Row(number, " " * indent + part) for part in parts]
        return found

    def draw(self, view: Moment, width: int, height: int) -> Picture:
        record, rows = view.record, self.rows(view)
        name, number = record.source.files.where(view.line)
        where = record.function_at(view.line) or ("" if name else "line")
        title = " ".join(["Source:", *filter(None, (name, where)), str(number)])
        found = {line.verdict for line in record.judged.values()}
        words = {"right": "right", "wrong": "first wrong", "follows": "follows"}
        note = "  ".join(f"{SIGNS[each]} {words[each]}" for each in words if each in found)
        line = Row(view.row or view.line)
        at = rows.index(line) if line in rows else 0  # a call that was told is on none
        around = max(min(AROUND, (height - 3) // 2), 0)
        width -= len(rows) > height
        picture = by_rows(Size(width, len(rows)), lambda y: self._row(view, rows[y], width))
        return picture._replace(
            title=title,
            notes=[note],
            spot=Region(0, max(at - around, 0), 1, min(at, around) + around + 2),
            pick=lambda x, y: replace(view, row=rows[y].line) if y < len(rows) else None,
        )

    def _row(self, view: Moment, row: Row, width: int) -> Strip:
        styles, record, line, digits = self.text_styles, view.record, Line(), _digits(view)
        number = row.line
        if row.file:
            return line.add(
                fitted(f"── {row.file} ", width).ljust(width, "─"), styles.faint
            ).strip()
        if row.said:
            line.add(" " * (digits + 3), styles.text)
            style = styles.accent + styles.bold
            return line.add(fitted(row.said, width - line.width), style).strip()
        here, judged = number == view.line, record.judged.get(number)
        ground = styles.lit if here else Style()
        style = styles.strong if here else styles.dim
        if self.has_focus and number == (view.row or view.line):
            style = styles.selected(style, True)
        line.add(f"{record.source.files.where(number)[1]:>{digits}}", style)
        verdict, base = "" if judged is None else judged.verdict, styles.text
        line.add(f" {SIGNS[verdict]} ", verdict_style(styles, verdict))
        if verdict not in ("", "right"):
            base = verdict_style(styles, verdict)
        elif here:
            base = styles.strong
        text = record.rows[number - 1].expandtabs(4)
        marked = self._part(view, number) if here else range(0)
        quiet = _quiet(record.source.text).get(number, len(text))
        for column, letter in enumerate(fitted(text, width - line.width)):
            style = styles.dim if column >= quiet else base
            line.add(letter, style + (styles.written if column in marked else ground))
        return line.pad(width, ground).strip() if here else line.strip()

    def _part(self, view: Moment, number: int) -> range:
        """Return the columns of the operation just carried out, in its line."""
        record = view.record
        place = record.checked.run.places[record.tape.notes[view.entry].place]
        first, start, last, end = place
        if first != number:
            return range(0)
        raw, text = record.source.rows[number - 1], record.rows[number - 1]
        until = end if last == number else len(raw)
        begin, behind = (len(raw[:at].decode(errors="replace")) for at in (start, until))
        shift = len(text.expandtabs(4)) - len(text)
        return range(begin + shift, behind + shift)

    def neighbour(self, view: Moment, direction: Direction) -> Moment | None:
        """Return the moment with another line selected; left and right step through time."""
        if direction in ("left", "right"):
            return None
        row = (view.row or view.line) + (1 if direction == "down" else -1)
        return replace(view, row=min(max(row, 1), len(view.record.rows)))


def _digits(view: Moment) -> int:
    """Return how many digits the number of the last line has."""
    return len(str(len(view.record.rows)))


@lru_cache(maxsize=2)
def _quiet(text: str) -> dict[int, int]:
    """Return the column from which on a line is a comment, by its number."""
    found: dict[int, int] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.start[1]
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
