"""What the terminal sends: keys and reports for Textual's parser, and pasted text, in one piece.

Textual's parser takes pasted text apart again where an escape sequence stands in it, and a report
of the terminal's may: from there on the text would be keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from textual.events import Key, Paste

Part: TypeAlias = str | Key | Paste
BEGIN, END = "\x1b[200~", "\x1b[201~"
"""Around pasted text, as terminals of today send it."""
WAIT, SHORT_WAIT = 0.1, 0.01
"""Seconds to wait for what comes next; for the rest of a mark, which escape may be, not so long."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_REPORT = re.compile(r"\x1b\[\d+;\d+R")
"""Where the cursor is: the answer to a question of the driver's."""
_ALONE = re.compile(r"\x1b(?=[ -~])(?![\[\]OPX^_])")
"""An escape and what begins no sequence: two keys, or one with alt, to which nothing is bound."""


class Incoming:
    """Tells what is typed from what is pasted."""

    def __init__(self) -> None:
        self._held = ""
        """Ends as a mark begins."""
        self._pasted: list[str] | None = None
        """The pieces so far of what is being pasted."""

    @property
    def wait(self) -> float:
        """Return the seconds after which nothing more is expected: :meth:`settle` then."""
        return SHORT_WAIT if self._held and self._pasted is None else WAIT

    def feed(self, data: str) -> Iterator[Part]:
        """Take what was read; give what is for the parser, and text that was pasted."""
        return filter(None, self._fed(data))

    def settle(self) -> Iterator[Part]:
        """Give what was held back: nothing has followed it."""
        if self._pasted is None and self._held:
            held, self._held = self._held, ""
            yield held

    def _fed(self, data: str) -> Iterator[Part]:
        data, self._held = self._held + data, ""
        while data:
            mark = BEGIN if self._pasted is None else END
            before, found, data = data.partition(mark)
            if not found:
                sizes = range(len(mark) - 1, 0, -1)
                self._held = next((mark[:n] for n in sizes if before.endswith(mark[:n])), "")
                before = before.removesuffix(self._held)
            if self._pasted is None:
                yield from _typed(before)
            else:
                self._pasted.append(before)
            if found and self._pasted is None:
                self._pasted = []
            elif found:
                yield from self._ended()

    def _ended(self) -> Iterator[Part]:
        text, self._pasted = "".join(self._pasted or ()), None
        yield "".join(_REPORT.findall(text))
        yield Paste(_CONTROL.sub("", _REPORT.sub("", text)))


def _typed(text: str) -> Iterator[Part]:
    first, *others = _ALONE.split(text)
    yield first
    for part in others:
        yield Key("escape", "\x1b")
        yield part
