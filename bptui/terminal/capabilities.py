"""What surrounds the app: the terminal's characters and colours, and whether a network is between.

Read once, from the environment and the options, before anything is drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from bptui.terminal.ascii import is_utf8, locale_is_utf8, to_ascii, to_console

if TYPE_CHECKING:
    from types import ModuleType

    from textual.driver import Driver


def terminal_descriptor() -> int:
    """Return the descriptor that leads to the terminal; messages or results may go to a file."""
    streams = (sys.__stderr__, sys.__stdout__, sys.__stdin__)
    descriptors = [stream.fileno() for stream in streams if stream is not None and stream.isatty()]
    return descriptors[0] if descriptors else 2


def terminal_streams() -> list[int]:
    """Return those of standard input, output and error that are a terminal."""
    return [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]


ColourSystem = Literal["standard", "256", "truecolor"]
"""How many colours, as rich and Textual call them; standard: sixteen of the terminal's choice."""

LOCAL_FPS = 30
SSH_FPS = 15
"""Frames a second to draw at most while training runs, over SSH and otherwise."""
LIGHT_BACKGROUNDS = ("7", "15")
"""As some terminals tell in COLORFGBG, after the last semicolon."""
AT_LEAST_256 = {"256color", "alacritty", "direct", "foot", "ghostty", "kitty", "wezterm"}
"""Parts of names of terminals that need not be described where the app runs, as over SSH."""


class Capabilities(NamedTuple):
    """What the screen has to be drawn with.

    ``fps`` caps the frames a second. ``ascii_only``: nothing else can be shown; ``console``: only
    what the fonts of the Linux console have. ``colours`` is False where none are wanted (NO_COLOR).
    ``plain_driver``: frames go to the terminal as Textual writes them. ``theme`` is the name of one
    that exists, or None for the one that fits. ``light``: the background is known to be.
    ``served``: Textual's driver, chosen in TEXTUAL_DRIVER, leads to a browser, say, rather than to
    the terminal around.
    """

    fps: int = LOCAL_FPS
    ascii_only: bool = False
    colours: bool = True
    plain_driver: bool = False
    theme: str | None = None
    console: bool = False
    light: bool = False
    colour_system: ColourSystem = "truecolor"
    served: bool = False
    present: bool = False

    @property
    def few_characters(self) -> bool:
        """Return whether most of Unicode, braille above all, is out of reach."""
        return self.ascii_only or self.console

    @property
    def spelling(self) -> Callable[[str], str] | None:
        """Return what turns a drawing, width for width, into what can be shown; None: all can."""
        if self.ascii_only:
            return to_ascii
        return to_console if self.console else None


USUAL = Capabilities()
"""A local terminal with colours and UTF-8."""


def capabilities(
    environment: Mapping[str, str],
    encoding: str | None,
    *,
    fps: int | None = None,
    ascii_only: bool = False,
    plain_driver: bool = False,
    theme: str | None = None,
    present: bool = False,
) -> Capabilities:
    """Return what the environment says where no option does; ``encoding`` is standard output's.

    Both the locale and ``encoding`` have to allow more than ASCII: Python takes UTF-8 for its
    output in the locale C, too, but a terminal that was set up for it shows something else.
    """
    usual = SSH_FPS if environment.get("SSH_CONNECTION") else LOCAL_FPS
    served = is_served(environment)
    return Capabilities(
        fps or usual,
        ascii_only or not (served or (is_utf8(encoding) and locale_is_utf8(environment))),
        not environment.get("NO_COLOR"),
        plain_driver,
        theme,
        not served and environment.get("TERM", "") in ("linux", "linux-16color"),
        not served and environment.get("COLORFGBG", "").rpartition(";")[2] in LIGHT_BACKGROUNDS,
        colour_system(environment),
        served,
        present,
    )


def is_served(environment: Mapping[str, str]) -> bool:
    """Return whether a driver is chosen, as textual-serve does, which needs no terminal around."""
    return bool(environment.get("TEXTUAL_DRIVER"))


def colour_system(environment: Mapping[str, str]) -> ColourSystem:
    """Return how many colours reach the screen as they are meant.

    GNU screen takes 256 of them, whatever the terminal around it says in COLORTERM. tmux, which may
    go by the same name, takes all, and makes of them what the terminal around it can show.
    """
    chosen: ColourSystem
    for chosen in get_args(ColourSystem):
        if environment.get("TEXTUAL_COLOR_SYSTEM") == chosen:
            return chosen
    terminal = environment.get("TERM", "")
    if terminal.startswith("screen") and ("STY" in environment or "TMUX" not in environment):
        return "256"
    told = environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit")
    if told or "WT_SESSION" in environment or sys.platform == "win32":
        return "truecolor"
    if (curses := described(terminal)) is not None:
        colours = curses.tigetnum("colors")
        if colours > 256 or any(curses.tigetflag(flag) > 0 for flag in ("Tc", "RGB")):
            return "truecolor"
        return "256" if colours == 256 else "standard"
    return "256" if AT_LEAST_256.intersection(terminal.split("-")) else "standard"


def described(terminal: str) -> ModuleType | None:
    """Return curses with the description of this terminal, if there is one."""
    if terminal == os.environ.get("TERM"):  # curses keeps the first one that it is asked for
        with suppress(Exception):  # no terminal database, or none that knows it; the kinds differ
            import curses

            curses.setupterm(terminal, terminal_descriptor())
            return curses
    return None


def driver_for(around: Capabilities) -> type[Driver] | None:
    """Return the driver's class for a terminal; None: the one that Textual takes, as it is."""
    if around.served or sys.platform == "win32":
        return None
    from bptui.terminal.driver import ContinuingDriver, DifferenceDriver

    base = ContinuingDriver if around.plain_driver else DifferenceDriver
    if around.spelling is None:
        return base
    return type("SpellingDriver", (base,), {"spelling": staticmethod(around.spelling)})
