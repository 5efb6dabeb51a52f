"""Emulated terminals, all that pyte knows of their cells, and a driver that shows all twice."""

import random
from typing import ClassVar

import pyte
from pyte.screens import Char
from rich.color import ColorSystem
from rich.control import Control
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Offset, Region

from bptui.terminal.display import Display


class Emulated:
    """A terminal as textual sets it up: lines do not wrap.

    ``returns``: a line feed begins the next line.
    """

    def __init__(self, width: int, height: int, returns: bool = True) -> None:
        self._line_feed = "\r\n" if returns else "\n"
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)
        self._stream.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text.replace("\n", self._line_feed))

    @property
    def looks(self) -> list[list[Char]]:
        """What is seen of all cells."""
        columns, buffer = range(self.screen.columns), self.screen.buffer
        return [[looks(buffer[y][x]) for x in columns] for y in range(self.screen.lines)]

    @property
    def cursor(self) -> tuple[int, int]:
        return min(self.screen.cursor.x, self.screen.columns - 1), self.screen.cursor.y


def looks(cell: Char) -> Char:
    """What is seen of a cell: of a blank the background and lines, but no other style."""
    if cell.data != " " or cell.underscore or cell.strikethrough or cell.reverse:
        return cell
    return Char(" ", bg=cell.bg)


def assert_same(stock: Emulated, ours: Emulated) -> None:
    """Both show the same cells, styles included, and the cursor at the same place.

    Looks at the rows that were written on since the last time.
    """
    for y in stock.screen.dirty | ours.screen.dirty:
        row, own = stock.screen.buffer[y], ours.screen.buffer[y]
        for x in range(stock.screen.columns):
            assert looks(own[x]) == looks(row[x]), f"{y}, {x}: {own[x]} instead of {row[x]}"
    stock.screen.dirty.clear()
    ours.screen.dirty.clear()
    assert ours.cursor == stock.cursor


class DoubleDriver(HeadlessDriver):
    """Shows every frame twice: as textual writes it, and as differences, some frames dropped."""

    drivers: ClassVar[list["DoubleDriver"]] = []
    is_headless = False

    def __init__(self, *arguments: object, **settings: object) -> None:
        super().__init__(*arguments, **settings)  # type: ignore[arg-type]
        DoubleDriver.drivers.append(self)
        self._random = random.Random(0)
        self.compared = self.sent = self.stock_bytes = self.sent_bytes = 0
        self._size_now = (0, 0)
        self._fit()

    def _fit(self) -> None:
        size = self._get_terminal_size()
        if size != self._size_now:
            self._size_now = size
            self.stock, self.ours = Emulated(*size), Emulated(*size)
            self.display = Display(*size, erases=True)

    def show(self, update: CompositorUpdate, cursor: Offset) -> None:
        self._fit()
        console = self._app.console
        text = update.render_segments(console) + Control.move_to(*cursor).segment.text
        self.stock.feed(text)
        self.stock_bytes += len(text.encode())
        self.display.draw(update, console._color_system or ColorSystem.TRUECOLOR)
        self.display.cursor = cursor
        # a frame that the screen has laid out for the size before: one follows
        late = self._app.screen._compositor.size != self._size_now
        if not late and self._random.random() > 0.3:  # else the terminal does not keep up
            self.catch_up()

    def catch_up(self) -> None:
        """Send the latest frame, and compare."""
        text = self.display.frame()
        self.ours.feed(text)
        self.sent_bytes += len(text.encode())
        assert_same(self.stock, self.ours)
        self.compared += 1

    def shows_all(self) -> bool:
        """Whether what is shown is the whole screen, every line of it made anew."""
        screen, whole = self._app.screen, Emulated(*self._size_now)
        for widget in screen.walk_children(with_self=True):
            widget._styles_cache.clear()
        update = LayoutUpdate([[strip] for strip in screen._compositor.render_strips()], Region())
        whole.feed(update.render_segments(self._app.console))
        self.catch_up()
        return whole.looks == self.ours.looks
