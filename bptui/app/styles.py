"""The app's themes and the styles of its text: colours with a meaning.

Blue is positive, orange negative, dim what stands back. Blue and orange stay apart for red-green
blindness; a sign is never shown by colour alone. In the terminal's own sixteen colours, of which
little is known, bold, reverse and underline say it all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from rich.style import Style
from textual.app import App
from textual.theme import Theme

from bptui.app.view import View
from bptui.terminal.capabilities import Capabilities


def _theme(name: str, dark: bool, strong: str, cursor: str, colours: str) -> Theme:
    """Make a theme; some colours of Textual's own choice are too pale to be read, or read on."""
    primary, secondary, accent, warning, error, text, ground, surface, panel = colours.split()
    return Theme(
        *(name, primary, secondary, warning, error, accent, accent, text, ground, surface, panel),
        dark=dark,
        variables={
            "border": primary,
            "block-cursor-background": cursor,
            "block-cursor-foreground": strong,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": panel,
            "input-selection-background": cursor,
            "text-muted": "auto 75%",
            "text-disabled": "auto 65%",
        },
    )


DARK = _theme(
    *("bptui-dark", True, "#ffffff", "#31353d"),
    "#6fa8ec #e8964a #7dd3c0 #ffd166 #ff7b72 #d4d4d8 #101216 #171a20 #1f242c",
)
LIGHT = _theme(
    *("bptui-light", False, "#000000", "#cddcef"),
    "#2563b2 #944a0a #0a6b5a #6e4d00 #b3261e #1e2026 #fbfbfa #f1f1ef #e4e5e6",
)
HIGH_DARK = _theme(
    *("bptui-high-dark", True, "#ffffff", "#3a3f49"),
    "#9cc8ff #ffb36b #7ff0dc #ffe066 #ff9a92 #ffffff #000000 #0c0e11 #1c1f25",
)
HIGH_LIGHT = _theme(
    *("bptui-high-light", False, "#000000", "#b9d0ee"),
    "#0b2a5c #6b2f00 #003d31 #5f0000 #5f0000 #000000 #ffffff #ffffff #f4f4f4",
)
OWN = {
    (theme.dark, high): theme
    for high, themes in enumerate(((DARK, LIGHT), (HIGH_DARK, HIGH_LIGHT)))
    for theme in themes
}
"""bptui's themes, by whether they are dark, and whether of the high contrast of presentations."""

ANSI_DARK, ANSI_LIGHT = ANSI = "ansi-dark", "ansi-light"
"""Textual's two in the terminal's own colours and on its own background."""


def fitting(around: Capabilities) -> str:
    """Return the name of the theme to start with.

    With 16 colours nobody knows what they look like, or the background: text in the terminal's own
    colours can be read on all of them.
    """
    if around.colours and around.theme is not None:
        return around.theme
    if around.colours and around.colour_system != "standard":
        return LIGHT.name if around.light else DARK.name
    return ANSI_LIGHT if around.light else ANSI_DARK


def counterpart(theme: Theme, high: bool = False) -> str:
    """Return the name of the light theme for a dark one, and the other way round."""
    if theme.ansi:
        return ANSI_LIGHT if theme.dark else ANSI_DARK
    return OWN[not theme.dark, high].name


class Styles(NamedTuple):
    """The styles of one background, dark or light."""

    text: Style
    strong: Style
    dim: Style
    faint: Style
    accent: Style
    warning: Style
    positive: tuple[Style, ...]
    """Weak, middling, strong."""
    negative: tuple[Style, ...]
    written: Style
    """Laid over what the operation has written."""
    read: Style
    paired: Style
    """Laid over the selection in the other panels."""
    lit: Style = Style(bold=True)
    """Laid over the row and the column of the selection."""
    chosen: Style = Style(bold=True, reverse=True)
    """Laid over the selection in the focused panel."""
    bold: Style = Style(bold=True)

    def highlighted(self, style: Style, highlight: Highlight) -> Style:
        """Return ``style`` for something that the operation has read or written, or has not."""
        if not highlight:
            return style
        return style + (self.written if highlight == "written" else self.read)

    @property
    def factor(self) -> Style:
        """The style of the factor that the cursor of a derivation is on, in all panels."""
        return self.accent + Style(bold=True, reverse=True)

    def selected(self, style: Style, focused: bool) -> Style:
        """Return ``style`` for the selection, brightest in the focused panel."""
        return style + (self.chosen if focused else self.paired)

    def sign(self, value: float, largest: float) -> Style:
        """Return the style of a number among others of which ``largest`` is the largest in size."""
        if value == 0.0 or value != value:
            return self.dim
        size = abs(value) / largest if largest else 0.0
        level = 0 if size < 0.2 else 1 if size < 0.6 else 2
        return (self.positive if value > 0.0 else self.negative)[level]


def styles_of(app: App[object]) -> Styles:
    """Return the styles for the theme that ``app`` shows."""
    theme, high = app.current_theme, bool(getattr(app, "presenting", False))
    return (ansi_styles if app.native_ansi_color else own_styles)(theme.dark, high)


@lru_cache(maxsize=4)
def ansi_styles(dark: bool, high: bool = False) -> Styles:
    """Return the styles in the terminal's own colours, on a dark or a light background.

    With ``high`` contrast nothing is dim. On black even the bright blue has a contrast of 3 to 4 in
    the palettes of xterm, PuTTY, macOS and the Linux console, whose yellow is a brown.
    """
    plain, bold, dim = Style(), Style(bold=True), Style(dim=not high)
    blue, orange = ("bright_cyan", "bright_yellow") if dark else ("blue", "red")
    accent, warning = ("bright_green", "bright_yellow") if dark else ("magenta", "red")
    return Styles(
        text=plain,
        strong=bold,
        dim=dim,
        faint=dim,
        accent=Style(color=accent),
        warning=Style(color=warning, bold=True),
        positive=(Style(color=blue),) * 3,
        negative=(Style(color=orange),) * 3,
        written=Style(bold=True, underline=True),
        read=Style(bold=False, underline=True),  # out is bold when nothing has happened to it
        paired=Style(reverse=True),
    )


_SHADES = (
    "#9c9fa8 #656a75 #2a3834 #272b33 #84a3d0 #7db2f2 #a9d0ff #c6996f #eb9e55 #ffbe82",
    "#595e66 #848991 #d3f0ea #f1f1ef #4a658d #2160b0 #083a80 #7d5f3b #944a0a #6b2f00",
    "#d4d7de #bcc0c8 #303540 #1c1f25 #8fc4ff #a8d2ff #d0e6ff #ffb066 #ffc48a #ffdfc0",
    "#2c3036 #3a3f45 #d3f0ea #f4f4f4 #123a70 #0b2a5c #03204d #6b2f00 #562700 #401c00",
)
PALETTES = dict(zip(OWN, _SHADES, strict=True))
"""As OWN, beside those of the theme: dim, faint, written, lit; blues and oranges, the weak first.

What is read has a contrast of 4.5 to what lies below it, in 256 colours too, of which that of what
is written must not become a bright one, nor that of what is lit a blue.
"""


@lru_cache(maxsize=4)
def own_styles(dark: bool, high: bool = False) -> Styles:
    """Return the styles in bptui's colours, for a dark or a light background."""
    theme = OWN[dark, high]
    dim, faint, written, lit, *signs = PALETTES[dark, high].split()
    shades = tuple(map(Style.parse, signs))
    return Styles(
        text=Style(color=theme.foreground),
        strong=Style(color=theme.variables["block-cursor-foreground"], bold=True),
        dim=Style(color=dim),
        faint=Style(color=faint),
        accent=Style(color=theme.accent),
        warning=Style(color=theme.warning, bold=True),
        positive=shades[:3],
        negative=shades[3:],
        written=Style(bold=True, bgcolor=written),
        read=Style(underline=True),
        paired=Style(color=dim, reverse=True),
        lit=Style(bold=True, bgcolor=lit),
    )


Highlight = Literal["", "read", "written"]

GLYPHS: dict[Highlight, str] = {"": " ", "read": "▸", "written": "◂"}
"""One cell each, so that nothing moves: out of what is read, into what is written."""
PENDING = "·"
"""Stands for a number that this step has yet to compute."""


def highlight(view: View, *quantities: str) -> Highlight:
    """Tell whether the operation has written one of the quantities, or else read one."""
    operation = view.operation
    if operation is None:
        return ""
    if not set(quantities).isdisjoint(operation.writes):
        return "written"
    return "" if set(quantities).isdisjoint(operation.reads) else "read"
