"""What surrounds the app: the terminal's encoding and colours, and whether a network lies between.

Read once, from the environment and the options, before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOCAL_FPS = 30
SSH_FPS = 15
"""Frames a second to draw at most while training runs, over SSH and otherwise."""


@dataclass(frozen=True)
class Surroundings:
    """What the screen has to be drawn with.

    ``fps`` caps the frames a second. ``ascii``: nothing else can be shown. ``colours`` is False
    where none are wanted (NO_COLOR). ``plain_driver``: frames go to the terminal as Textual writes
    them. ``theme`` is the name of one that exists, or None for the one that fits.
    """

    fps: int = LOCAL_FPS
    ascii_only: bool = False
    colours: bool = True
    plain_driver: bool = False
    theme: str | None = None


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
    """What the environment says where the options say nothing; ``encoding`` is the terminal's."""
    usual = SSH_FPS if environment.get("SSH_CONNECTION") else LOCAL_FPS
    return Surroundings(
        fps or usual,
        ascii_only or not is_utf8(encoding),
        not environment.get("NO_COLOR"),
        plain_driver,
        theme,
    )


def is_utf8(encoding: str | None) -> bool:
    """Whether ``encoding`` is a name of UTF-8; without one nothing is known, and ASCII is safe."""
    return (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
