"""The animated picture of the first page: real screens as one SVG, which plays without scripts.

Each frame paints what is new in it over the frames before. Lines, dots and blocks are drawn, all
else is text, which is told how wide it is: so the picture looks alike with every font.
"""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import accumulate, groupby
from typing import NamedTuple
from unittest.mock import patch

from rich.style import Style

from ..app.support import Session, opened
from .walk_through import SIZE, play, still

WIDE, HIGH = 8, 17
"""Units of the picture that a cell takes."""
TOP, EDGE = 32, 10
"""Above the screen, where the keys stand, and around it."""
PAPER, BAR, PALE, KEY = "#101216", "#1f242c", "#9c9fa8", "#ffd166"
LOWER, LEFT = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉"
"""Blocks, an eighth higher or wider each."""
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of the bits of a character in braille."""
ENDS = {"LEFT": (0, HIGH / 2), "RIGHT": (WIDE, HIGH / 2), "UP": (4, 0), "DOWN": (4, HIGH)}
NEAR = 6
"""So few cells between two that changed are drawn again with them."""


class Scene(NamedTuple):
    """Keys that lead to the next screen, what is said of them, and how long it is shown."""

    keys: str
    shown: str
    words: str
    seconds: float


SCENES = (
    Scene("", "bptui", "a 2-2-2 network with all its numbers, a gradient derived", 3.0),
    *(Scene("n", "n", "the next operation of the step, calculated below", 1.3) for _ in range(12)),
    Scene("s", "s", "the next step", 1.5),
    Scene("plus " * 6 + "space l", "space", "run to step 1000", 2.5),
    Scene("p type:listing-1 enter", "p", "a published program with two mistakes", 4.0),
    Scene("p type:circles enter o", "o", "what a network has learned", 1.2),
    *(Scene(f"g type:{step} enter", "g", f"go to step {step}", 0.9) for step in (50, 100, 150)),
    Scene("g type:300 enter", "g", "go to step 300", 2.5),
)


class Pen(NamedTuple):
    """How a character is drawn."""

    ink: str
    paper: str
    bold: bool
    underlined: bool


Cell = tuple[str, Pen]
Screen = list[list[Cell]]


async def recorded() -> str:
    """The picture of what the scenes' keys show."""
    with patch.dict(os.environ, COLORTERM="truecolor"):
        async with opened("article", SIZE) as session:
            screens = []
            for scene in SCENES:
                await play(session, scene.keys)
                await still(session)
                screens.append(_cells(session))
    return svg(screens)


def _cells(session: Session) -> Screen:
    strips = session.app.screen._compositor.render_strips()
    return [
        [(character, _pen(style or Style())) for text, style, _ in strip for character in text]
        for strip in strips
    ]


def _pen(style: Style) -> Pen:
    ink, paper = (
        colour.triplet.hex if colour and colour.triplet else usual
        for colour, usual in ((style.color, PALE), (style.bgcolor, PAPER))
    )
    if style.reverse:
        ink, paper = paper, ink
    return Pen(ink, paper, bool(style.bold), bool(style.underline))


def svg(screens: Sequence[Screen]) -> str:
    """One frame a screen, for as long as its scene."""
    width, height = (EDGE * 2 + WIDE * SIZE[0], TOP + EDGE + HIGH * SIZE[1])
    whole = sum(scene.seconds for scene in SCENES)
    starts = accumulate((scene.seconds for scene in SCENES), initial=0.0)
    colours, frames = _Colours(), []
    before: Screen = [[(" ", Pen(PALE, PAPER, False, False))] * SIZE[0]] * SIZE[1]
    for scene, screen in zip(SCENES, screens, strict=True):
        frame = _Frame(colours)
        frame.draw(before, screen)
        frames.append(_caption(scene, width) + frame.elements())
        before = screen
    moments = [100 * start / whole for start in starts][1 : len(frames)]
    hidden = "".join(
        f"@keyframes k{at}{{0%{{visibility:hidden}}{moment:.2f}%{{visibility:visible}}}}"
        f"#f{at}{{animation-name:k{at}}}\n"
        for at, moment in enumerate(moments, 1)
    )
    groups = "\n".join(f'<g id="f{at}">{frame}</g>' for at, frame in enumerate(frames))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<title>bptui in a terminal: a training step by operations, a run, mistakes, a decision map</title>
<style>
text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;\
white-space:pre}}
path{{stroke-width:1.2}}.s{{shape-rendering:crispEdges}}.l{{fill:none}}.d{{stroke-width:2;stroke-linecap:round}}.b{{font-weight:bold}}\
.u{{text-decoration:underline}}
g+g{{animation:{whole:g}s step-end infinite;visibility:hidden}}
@media(prefers-reduced-motion:reduce){{g+g{{animation:none!important}}}}
{hidden}{colours.rules()}</style>
<rect width="{width}" height="{height}" rx="8" fill="{BAR}"/>
<rect x="{EDGE // 2}" y="{TOP}" width="{width - EDGE}" height="{height - TOP - EDGE // 2}" rx="4" \
fill="{PAPER}"/>
{groups}
</svg>
"""


def _caption(scene: Scene, width: int) -> str:
    keys = WIDE * (len(scene.shown) + 2)
    return (
        f'<path d="M{EDGE} {TOP / 2}H{width - EDGE}" stroke="{BAR}" style="stroke-width:24"/>'
        f'<rect x="{EDGE}" y="6" width="{keys}" height="20" rx="4" fill="{KEY}"/>'
        f'<text x="{EDGE + WIDE}" y="20.5" class="b" fill="{PAPER}" '
        f'textLength="{keys - 2 * WIDE}">{escape(scene.shown)}</text>'
        f'<text x="{EDGE + keys + 10}" y="20.5" fill="#d4d4d8">{escape(scene.words)}</text>'
    )


class _Colours(dict[tuple[str, str], str]):
    """The classes of the colours used, as fill or as stroke."""

    def __missing__(self, key: tuple[str, str]) -> str:
        return self.setdefault(key, f"c{len(self)}")

    def rules(self) -> str:
        return "".join(f".{name}{{{kind}:{colour}}}" for (kind, colour), name in self.items())


class _Frame:
    """What has to be drawn for a screen over the one before."""

    def __init__(self, colours: _Colours) -> None:
        self._colours = colours
        self._surfaces: dict[str, list[str]] = defaultdict(list)
        self._strokes: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._texts: list[str] = []

    def elements(self) -> str:
        surfaces = [
            f'<path class="s {self._colours["fill", colour]}" d="{"".join(parts)}"/>'
            for colour, parts in self._surfaces.items()
        ]
        strokes = [
            f'<path class="l{kind} {self._colours["stroke", colour]}" d="{"".join(parts)}"/>'
            for (colour, kind), parts in self._strokes.items()
        ]
        return "".join([*surfaces, *strokes, *self._texts])

    def draw(self, before: Screen, after: Screen) -> None:
        for row, (old, new) in enumerate(zip(before, after, strict=True)):
            y = TOP + HIGH * row
            for start, end in _spans(old, new):
                for at, cells in _runs(new[start:end], start, lambda cell: cell[1].paper):
                    width = WIDE * len(cells)
                    self._surface(cells[0][1].paper, EDGE + WIDE * at, y, width, HIGH)
                for at, cells in _runs(new[start:end], start, _kind):
                    self._run(cells, EDGE + WIDE * at, y)

    def _surface(self, colour: str, x: float, y: float, width: float, height: float) -> None:
        self._surfaces[colour].append(f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z")

    def _run(self, cells: list[Cell], x: int, y: int) -> None:
        """Draw cells of one kind."""
        text, pen = "".join(character for character, _ in cells), cells[0][1]
        first, width = text[0], WIDE * len(text)
        if first == "▀":
            self._surface(pen.ink, x, y, width, HIGH / 2)
        elif first in LOWER:
            height = HIGH * (LOWER.index(first) + 1) / 8
            self._surface(pen.ink, x, y + HIGH - height, width, height)
        elif first in LEFT:
            self._surface(pen.ink, x, y, WIDE * (LEFT.index(first) + 1) / 8, HIGH)
        elif first == "─":
            self._strokes[pen.ink, ""].append(f"M{x} {y + HIGH / 2}h{width}")
        elif _is_line(first) or _is_braille(first):
            path = _line if _is_line(first) else _dots
            parts = (path(each, x + WIDE * at, y) for at, each in enumerate(text))
            self._strokes[pen.ink, "" if _is_line(first) else " d"] += parts
        elif text.strip():
            x += WIDE * (len(text) - len(text.lstrip()))
            text = text.strip()
            classes = [self._colours["fill", pen.ink], *"b" * pen.bold, *"u" * pen.underlined]
            self._texts.append(
                f'<text x="{x}" y="{y + 13}" class="{" ".join(classes)}" '
                f'textLength="{WIDE * len(text)}">{escape(text, quote=False)}</text>'
            )


def _spans(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, int]]:
    """Where a line differs, from and to, with the cells beside, into which signs may reach."""
    start = end = None
    for at, (one, other) in enumerate(zip(old, new, strict=True)):
        if one == other:
            continue
        if start is not None and end is not None and at - end > NEAR:
            yield max(start - 1, 0), end + 1
            start = None
        start, end = at if start is None else start, at + 1
    if start is not None and end is not None:
        yield max(start - 1, 0), min(end + 1, len(new))


def _runs(
    cells: list[Cell], start: int, key: Callable[[Cell], object]
) -> Iterator[tuple[int, list[Cell]]]:
    """Neighbours that agree in ``key``, and where they begin."""
    for _, group in groupby(cells, key):
        run = list(group)
        yield start, run
        start += len(run)


def _kind(cell: Cell) -> object:
    """What is drawn in one piece: text in one style, and signs that fonts have in other widths."""
    character, pen = cell
    if character.isascii():
        return pen
    return pen.ink, "line" if _is_line(character) else "dots" if _is_braille(
        character
    ) else character


def _is_line(character: str) -> bool:
    return "─" < character < "▀"


def _is_braille(character: str) -> bool:
    return "⠀" <= character <= "⣿"


def _line(character: str, x: int, y: int) -> str:
    """A path through the middle of the cell to the sides that the character's name tells."""
    words = set(unicodedata.name(character).replace("HORIZONTAL", "LEFT RIGHT").split())
    if "DASH" in words:
        return f"M{x + 4} {y + 1}v3m0 3v3m0 3v3"
    if words & {"VERTICAL"}:
        words |= {"UP", "DOWN"}
    ends = [(x + dx, y + dy) for word, (dx, dy) in ENDS.items() if word in words]
    middle = f"{x + 4} {y + HIGH / 2}"
    if "ARC" in words:
        (x1, y1), (x2, y2) = ends
        return f"M{x1} {y1}Q{middle} {x2} {y2}"
    return "".join(f"M{middle}L{x1} {y1}" for x1, y1 in ends)


def _dots(character: str, x: int, y: int) -> str:
    return "".join(
        f"M{x + 2 + 4 * column} {y + 2.1 + 4.25 * row:g}h0"
        for bit, (column, row) in enumerate(DOTS)
        if ord(character) - 0x2800 >> bit & 1
    )
