"""The main screen as it is shown, as an SVG picture or as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from textual.screen import Screen
from textual.strip import Strip, StripRenderable


@dataclass(frozen=True, eq=False)
class Picture:
    """The lines of a screen, styles included."""

    strips: Sequence[Strip]

    @classmethod
    def of(cls, screen: Screen[None]) -> Picture:
        """What ``screen`` shows, without the dialogs above it."""
        return cls(tuple(screen._compositor.render_strips()))

    def text(self) -> str:
        """Line by line as shown, without blanks at the ends."""
        return "".join(f"{strip.text.rstrip()}\n" for strip in self.strips)

    def svg(self, title: str) -> str:
        """A drawing of a terminal with ``title`` above it."""
        from rich.console import Console

        console = Console(
            width=max(strip.cell_length for strip in self.strips),
            height=len(self.strips),
            file=StringIO(),
            force_terminal=True,
            color_system="truecolor",
            record=True,
            legacy_windows=False,
            safe_box=False,
        )
        console.print(StripRenderable([*self.strips]), end="")
        # the file stands alone: without the fonts that it would fetch, it uses those there are
        return re.sub(r"\s*@font-face \{[^}]*\}", "", console.export_svg(title=title))
