"""Colours with a meaning: blue for positive, orange for negative, dim for what stands back.

Blue and orange stay apart for red-green blindness; a sign is never shown by colour alone. In the
terminal's own sixteen colours, of which little is known, bold, reverse and underline say it all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.style import Style
from textual.app import App

from bptui.app.lighting import Touch


class Ink(NamedTuple):
    """The styles of one background, dark or light."""

    text: Style
    strong: Style
    dim: Style
    faint: Style
    accent: Style
    warning: Style
    positive: tuple[Style, Style, Style]
    """Weak, middling, strong."""
    negative: tuple[Style, Style, Style]
    bold: Style
    written: Style
    """Laid over what the operation has written."""
    read: Style
    chosen: Style
    """Laid over the selection in the focused panel."""
    paired: Style
    """Laid over the selection in the other panels."""

    def touched(self, style: Style, touch: Touch) -> Style:
        """``style`` for something that the operation has read or written, or has not."""
        if not touch:
            return style
        return style + (self.written if touch == "written" else self.read)

    def selected(self, style: Style, focused: bool) -> Style:
        """``style`` for the selection, brightest in the focused panel."""
        return style + (self.chosen if focused else self.paired)

    def sign(self, value: float, largest: float) -> Style:
        """The style of a number among others of which ``largest`` is the greatest in size."""
        if value == 0.0 or value != value:
            return self.dim
        size = abs(value) / largest if largest else 0.0
        level = 0 if size < 0.2 else 1 if size < 0.6 else 2
        return (self.positive if value > 0.0 else self.negative)[level]


def ink_of(app: App[object]) -> Ink:
    """The styles for the theme that ``app`` shows."""
    theme = app.current_theme
    return ansi_ink(theme.dark) if app.native_ansi_color else ink(theme.dark)


@lru_cache(maxsize=2)
def ansi_ink(dark: bool) -> Ink:
    """The styles in the terminal's own colours, on a dark or a light background."""
    plain, bold, dim = Style(), Style(bold=True), Style(dim=True)
    blue, orange = ("bright_blue", "yellow") if dark else ("blue", "red")
    accent, warning = ("bright_cyan", "bright_yellow") if dark else ("magenta", "red")
    return Ink(
        text=plain,
        strong=bold,
        dim=dim,
        faint=dim,
        accent=Style(color=accent),
        warning=Style(color=warning, bold=True),
        positive=(Style(color=blue),) * 3,
        negative=(Style(color=orange),) * 3,
        bold=bold,
        written=Style(bold=True, underline=True),
        read=Style(bold=False, underline=True),  # out is bold when nothing has happened to it
        chosen=Style(bold=True, reverse=True),
        paired=Style(reverse=True),
    )


@lru_cache(maxsize=2)
def ink(dark: bool) -> Ink:
    """The styles in bptui's colours, for a dark or a light background.

    What is read has a contrast of 4.5 to what lies below it, in 256 colours too, of which ``tint``
    must not become a bright one.
    """
    if dark:
        blues, oranges = ("#84a3d0", "#7db2f2", "#a9d0ff"), ("#c6996f", "#eb9e55", "#ffbe82")
        tint = "#2a3834"
        text, strong, dim, faint, accent, warning = (
            "#d4d4d8",
            "#ffffff",
            "#9c9fa8",
            "#656a75",
            "#7dd3c0",
            "#ffd166",
        )
    else:
        blues, oranges = ("#4a658d", "#2160b0", "#083a80"), ("#7d5f3b", "#944a0a", "#6b2f00")
        tint = "#d3f0ea"
        text, strong, dim, faint, accent, warning = (
            "#1e2026",
            "#000000",
            "#595e66",
            "#848991",
            "#0a6b5a",
            "#6e4d00",
        )
    return Ink(
        text=Style(color=text),
        strong=Style(color=strong, bold=True),
        dim=Style(color=dim),
        faint=Style(color=faint),
        accent=Style(color=accent),
        warning=Style(color=warning, bold=True),
        positive=(Style(color=blues[0]), Style(color=blues[1]), Style(color=blues[2])),
        negative=(Style(color=oranges[0]), Style(color=oranges[1]), Style(color=oranges[2])),
        bold=Style(bold=True),
        written=Style(bold=True, bgcolor=tint),
        read=Style(underline=True),
        chosen=Style(bold=True, reverse=True),
        paired=Style(color=dim, reverse=True),
    )
