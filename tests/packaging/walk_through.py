"""The manual's first session: its keys, played in the app, give the screens that stand there.

A block of code that begins with ```screen KEYS holds the screen after these keys, which are pressed
where the block before ended.
"""

import re
from collections.abc import Iterator

from textual.strip import Strip

from ..app.support import Session, opened

SIZE = (100, 30)
BLOCK = re.compile(r"^```screen(?P<keys>[^\n]*)\n(?P<screen>.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = {"+": "plus", "-": "minus", "?": "question_mark"}
TEXT = "type:"
STILL = 20
"""Looks that must show the same screen before it is recorded."""


def blocks(text: str) -> list[tuple[str, str]]:
    """Keys and screen of every block."""
    return [(each["keys"].strip(), each["screen"]) for each in BLOCK.finditer(text)]


async def play(session: Session, keys: str) -> None:
    """Press ``keys``, and wait until nothing runs."""
    for key in _keys(keys):
        await session.press(NAMED.get(key, key))
        if key == "enter":  # the answer of a dialog: what it opens may take a moment to load
            await session.until(lambda: len(session.app.screen_stack) == 1, "the dialog to close")
            await session.rest()
    await session.rest()


def _keys(keys: str) -> Iterator[str]:
    for each in keys.split():
        if each.startswith(TEXT):
            yield from each.removeprefix(TEXT)
        else:
            yield each


def shown(session: Session) -> str:
    """The screen as it stands on the page."""
    return "".join(f"{line.rstrip()}\n" for line in session.lines())


async def still(session: Session) -> None:
    """Wait until the screen does not change any more."""
    seen: list[list[Strip]] = []
    while len(seen) < STILL or any(strips != seen[-1] for strips in seen[-STILL:]):
        await session.pilot.pause(0.05)
        seen.append(session.app.screen._compositor.render_strips())


async def recorded(text: str) -> str:
    """The page with the screens that its keys give now."""
    async with opened("article", SIZE) as session:
        for keys, before in blocks(text):
            await play(session, keys)
            await still(session)
            head = f"```screen {keys}".rstrip()
            text = text.replace(f"{head}\n{before}```", f"{head}\n{shown(session)}```", 1)
    return text
