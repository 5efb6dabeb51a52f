"""What must be written for a terminal that shows one picture to show another."""

from __future__ import annotations

from rich.cells import get_character_cell_size

from bptui.app.driver.picture import Picture
from bptui.app.driver.styles import Style, change

STEP = 4
"""Unchanged cells that are rather written again than stepped over."""
NOWHERE = -1


class Pen:
    """Writes cells, moving and changing the style only where it must; knows what it has left."""

    def __init__(self) -> None:
        self._x = self._y = NOWHERE
        self.style: Style | None = None
        """How the terminal writes now, as far as that is known."""
        self._out: list[str] = []

    def taken(self) -> str:
        """What was written since this was asked last."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        if self._y != y or not 0 <= self._x <= x:
            self._out.append(f"\x1b[{y + 1};{x + 1}H" if x or y else "\x1b[H")
        elif self._x < x:
            self._out.append(f"\x1b[{x - self._x}C" if x - self._x > 1 else "\x1b[C")
        self._x, self._y = x, y

    def take(self, style: Style) -> None:
        """Write in this style from now on."""
        if self.style != style:
            self._out.append(change(self.style, style))
            self.style = style

    def draw_row(self, picture: Picture, y: int, places: list[int]) -> None:
        """Write the cells of row ``y`` in these places, which grow."""
        characters, styles, write = picture.characters[y], picture.styles[y], self._out.append
        for x in places:
            if not (character := characters[x]):
                continue  # written with the cell before
            if x != self._x or y != self._y:
                gap = range(self._x, x) if y == self._y and self._x >= 0 else range(0)
                if len(gap) in range(1, STEP + 1) and all(
                    characters[each].isascii() and characters[each] and styles[each] == self.style
                    for each in gap
                ):
                    write("".join(characters[self._x : x]))
                    self._x = x
                else:
                    self.move(x, y)
            if styles[x] is not self.style:
                self.take(styles[x])
            write(character)
            # terminals differ on how wide some characters are, and on what follows a row's end
            sure = character.isascii() or (
                len(character) == 1 and get_character_cell_size(character) == 1
            )
            self._x = x + 1 if sure and x + 1 < picture.width else NOWHERE


def draw(pen: Pen, shown: Picture | None, wanted: Picture) -> Picture:
    """Write with ``pen`` what ``wanted`` has and ``shown`` has not; None: write everything.

    Returns the picture that is shown then. Only the rows that ``wanted`` calls changed are looked
    at, after which it calls none so.
    """
    if shown is None:
        shown, rows = Picture(wanted.width, wanted.height), range(wanted.height)
        for y in rows:
            pen.draw_row(wanted, y, list(range(wanted.width)))
            shown.characters[y], shown.styles[y] = wanted.characters[y][:], wanted.styles[y][:]
    for y in sorted(wanted.changed):
        characters, styles = wanted.characters[y], wanted.styles[y]
        before, styles_before = shown.characters[y], shown.styles[y]
        if characters != before or styles != styles_before:
            cells = enumerate(zip(characters, before, styles, styles_before, strict=True))
            places = [x for x, (a, b, c, d) in cells if a != b or c != d]
            pen.draw_row(wanted, y, places)
            shown.characters[y], shown.styles[y] = characters[:], styles[:]
    wanted.changed.clear()
    return shown
