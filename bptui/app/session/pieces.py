"""A timeline -> the line of a session file in pieces, made without holding anything up."""

from __future__ import annotations

import re
import secrets
from binascii import b2a_base64

import numpy as np

from bptui.app.session.writing import encoded, past_of
from bptui.core.arrays import Array
from bptui.core.timeline import Timeline

PIECE = 3 * 2**17
"""Bytes that are encoded at a time, between which other threads go on; divisible by three, so that
no piece but the last is padded."""
_TAG, _NUMBER = 18, 6
"""Bytes of what stands for an array: divisible by three, too."""


class TooLargeError(Exception):
    """The line would take more bytes than it may."""


class TimelineText:
    """Encodes an array once, also where several timelines one after another have it."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Array, list[bytes]]] = {}

    def pieces(self, timeline: Timeline, most: int) -> list[bytes]:
        """Joined they are the line that :func:`~bptui.app.session.writing.timeline_line` makes.

        Raises :class:`TooLargeError`, before any array is encoded, where it would take more than
        ``most`` bytes.
        """
        arrays: list[Array] = []
        tag = secrets.token_bytes(_TAG)  # which no text of a preset can contain

        def stand_in(array: Array) -> bytes:
            arrays.append(array)
            return tag + (len(arrays) - 1).to_bytes(_NUMBER, "big")

        line = encoded(past_of(timeline, stand_in))
        if len(line) + sum(array.nbytes // 3 * 4 for array in arrays) > most:
            self._known.clear()
            raise TooLargeError
        split = re.split(re.escape(b2a_base64(tag, newline=False)) + rb"(.{8})", line)
        numbers = {_number(index): index for index in range(len(arrays))}
        pieces, known = split[:1], self._known
        self._known = {}
        for number, text in zip(split[1::2], split[2::2], strict=True):
            array = arrays[numbers[number]]
            made = known.get(id(array)) or (array, _base64(array))
            # the array, too: as long as it is kept no other has its id
            self._known[id(array)] = known[id(array)] = made
            pieces += [*made[1], text]
        return pieces


def _number(index: int) -> bytes:
    return b2a_base64(index.to_bytes(_NUMBER, "big"), newline=False)


def _base64(array: Array) -> list[bytes]:
    content = np.ascontiguousarray(array, dtype="<f8").reshape(-1).view(np.uint8).data
    starts = range(0, len(content), PIECE)
    return [b2a_base64(content[start : start + PIECE], newline=False) for start in starts]
