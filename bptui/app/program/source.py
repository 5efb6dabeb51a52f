"""The program's text: the line just carried out, and the verdict of each line."""

from __future__ import annotations

import io
import textwrap
import tokenize
from functools import lru_cache

from msgspec.structs import replace
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import Line, fitted
from bptui.app.program.moment import Moment
from bptui.app.program.panel import SIGNS, ProgramPanel, verdict_style
from bptui.app.view import Direction

AROUND = 4
"""Lines above and below that are in sight with the one just carried out."""


class SourcePanel(ProgramPanel):
    """Each line with its number and verdict; below a wrong one stands what it should be."""

    def __init__(self) -> None:
        super().__init__("Source", "source")

    def rows(self, view: Moment) -> list[tuple[int, str]]:
        """Return a line's number and nothing, or that of a wrong line and what it should be."""
        found: list[tuple[int, str]] = []
        for number in range(1, len(view.record.rows) + 1):
            found.append((number, ""))
            line = view.record.judged.get(number)
            if line is not None and line.verdict == "wrong":
                said = f"should be: {line.should_be}" if line.should_be else line.difference or ""
                text = view.record.rows[number - 1]
                indent = len(text) - len(text.lstrip())
                margin = len(str(len(view.record.rows))) + 4 + indent
                room = max(self.container_size.width - margin, 20)
                found += [(number, " " * indent + part) for part in textwrap.wrap(said, room)]
        return found

    def extent(self, view: Moment, width: int, height: int) -> Size:
        rows = len(self.rows(view))
        return Size(width - (rows > height), rows)

    def spot(self, view: Moment) -> Region | None:
        rows = self.rows(view)
        number = view.line if view.row is None else view.row
        at = rows.index((number, "")) if (number, "") in rows else 0
        around = max(min(AROUND, (self.container_size.height - 3) // 2), 0)
        return Region(0, max(at - around, 0), 1, min(at, around) + around + 2)

    def paint(self, view: Moment, width: int, height: int) -> list[Strip]:
        record = view.record
        self.entitle(f"Source: {record.function_at(view.line) or 'line'} {view.line}")
        counts = [line.verdict for line in record.judged.values()]
        told = [
            f"{SIGNS[verdict]} {words}"
            for verdict, words in (
                ("right", "right"),
                ("wrong", "first wrong"),
                ("follows", "follows"),
            )
            if verdict in counts
        ]
        self.note("  ".join(told))
        top, width = int(self.scroll_offset.y), self.extent(view, width, height).width
        return [self._row(view, *row, width) for row in self.rows(view)[top : top + height]]

    def _row(self, view: Moment, number: int, said: str, width: int) -> Strip:
        styles, record = self.text_styles, view.record
        judged = record.judged.get(number)
        line, digits = Line(), len(str(len(record.rows)))
        here = number == view.line and not said
        ground = styles.written if here else Style()
        if said:
            line.add(" " * (digits + 3), styles.text)
            style = styles.accent + styles.bold
            return line.add(fitted(said, width - line.width), style).strip()
        selected = self.has_focus and number == (view.line if view.row is None else view.row)
        style = styles.strong if here else styles.faint
        line.add(f"{number:>{digits}}", styles.selected(style, True) if selected else style)
        sign = SIGNS[judged.verdict] if judged else " "
        line.add(f" {sign} ", verdict_style(styles, judged.verdict) if judged else styles.text)
        text = record.rows[number - 1].expandtabs(4)
        marked = self._part(view, number) if here else range(0)
        base = styles.strong if here else styles.text
        if judged is not None and judged.verdict != "right":
            base = verdict_style(styles, judged.verdict)
        quiet = _quiet(record.source.text).get(number, len(text))
        shown = fitted(text, width - line.width)
        for column, letter in enumerate(shown):
            style = styles.dim if column >= quiet else base
            line.add(letter, _laid(style, ground, column in marked))
        return line.pad(width, ground).strip() if here else line.strip()

    def _part(self, view: Moment, number: int) -> range:
        """Return the columns of the operation just carried out, in its line."""
        record = view.record
        place = record.checked.run.places[record.tape.notes[view.entry].place]
        first, start, last, end = place[1:]
        raw = record.source.rows[number - 1]
        until = end if last == number else len(raw)
        begin, behind = (len(raw[:at].decode(errors="replace")) for at in (start, until))
        shift = len(record.rows[number - 1].expandtabs(4)) - len(record.rows[number - 1])
        return range(begin + shift, behind + shift) if first == number else range(0)

    def neighbour(self, view: Moment, direction: Direction) -> Moment | None:
        """Return the moment with another line selected; left and right step through time."""
        if direction in ("left", "right"):
            return None
        here = view.line if view.row is None else view.row
        row = here + (1 if direction == "down" else -1)
        return replace(view, row=min(max(row, 1), len(view.record.rows)))

    def pick(self, view: Moment, x: int, y: int) -> Moment | None:
        rows = self.rows(view)
        return replace(view, row=rows[y][0]) if y < len(rows) else None


@lru_cache(maxsize=4096)
def _laid(style: Style, ground: Style, marked: bool) -> Style:
    return style + ground + Style(underline=marked) if marked else style + ground


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
