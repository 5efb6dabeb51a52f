"""What surrounds the app: the terminal's characters and colours, and whether a network is between.

Read once, from the environment and the options, before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from bptui.ascii import is_utf8, locale_is_utf8, to_ascii, to_console

LOCAL_FPS = 30
SSH_FPS = 15
"""Frames a second to draw at most while training runs, over SSH and otherwise."""
LIGHT_BACKGROUNDS = ("7", "15")
"""As some terminals tell in COLORFGBG, after the last semicolon."""


class Surroundings(NamedTuple):
    """What the screen has to be drawn with.

    ``fps`` caps the frames a second. ``ascii_only``: nothing else can be shown; ``console``: only
    what the fonts of the Linux console have. ``colours`` is False where none are wanted (NO_COLOR).
    ``plain_driver``: frames go to the terminal as Textual writes them. ``theme`` is the name of one
    that exists, or None for the one that fits. ``light``: the background is known to be.
    ``many_colours``: more than sixteen of the terminal's own choice.
    """

    fps: int = LOCAL_FPS
    ascii_only: bool = False
    colours: bool = True
    plain_driver: bool = False
    theme: str | None = None
    console: bool = False
    light: bool = False
    many_colours: bool = True

    @property
    def few_characters(self) -> bool:
        """Whether most of Unicode, braille above all, is out of reach."""
        return self.ascii_only or self.console

    @property
    def spelling(self) -> Callable[[str], str] | None:
        """Turns what is drawn, width for width, into what can be shown; None: all of it can."""
        if self.ascii_only:
            return to_ascii
        return to_console if self.console else None


USUAL = Surroundings()
"""A local terminal with colours and UTF-8."""


def surroundings(
    environment: Mapping[str, str],
    encoding: str | None,
    *,
    fps: int | None = None,
    ascii_only: bool = False,
    plain_driver: bool = False,
    theme: str | None = None,
) -> Surroundings:
    """What the environment says where the options say nothing; ``encoding`` is standard output's.

    Both the locale and ``encoding`` have to allow more than ASCII: Python takes UTF-8 for its
    output in the locale C, too, but a terminal that was set up for it shows something else.
    """
    usual = SSH_FPS if environment.get("SSH_CONNECTION") else LOCAL_FPS
    return Surroundings(
        fps or usual,
        ascii_only or not (is_utf8(encoding) and locale_is_utf8(environment)),
        not environment.get("NO_COLOR"),
        plain_driver,
        theme,
        environment.get("TERM", "") in ("linux", "linux-16color"),
        environment.get("COLORFGBG", "").rpartition(";")[2] in LIGHT_BACKGROUNDS,
        has_many_colours(environment),
    )


def has_many_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it has 256 colours or more."""
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return True
    return environment.get("TERM", "").rpartition("-")[2] in ("256color", "direct", "kitty")
