"""What the user's process answers, read with suspicion: JSON of a known form, never unpickled."""

from __future__ import annotations

import math
from typing import Literal, NoReturn, TypeAlias

import msgspec
import numpy as np

from bptui.check.answers import (
    Answer,
    AnyArray,
    Frame,
    Given,
    Loaded,
    Noted,
    Signature,
    Stopped,
)
from bptui.check.process.describe import REAL

Reply: TypeAlias = Loaded | Answer | Stopped


class UnreadableError(Exception):
    """Not an answer of the process's own making."""


class OwnError(Exception):
    """bptui's own part of the process failed, not the user's code; the message says how."""


class _Array(msgspec.Struct):
    dtype: str
    shape: tuple[int, ...]
    start: int

    def array(self, numbers: memoryview) -> AnyArray:
        """A copy from ``numbers``; raises :class:`UnreadableError` where the parts do not fit."""
        try:
            dtype = np.dtype(self.dtype)
        except TypeError:
            raise UnreadableError from None
        if dtype.kind not in REAL or any(each < 0 for each in self.shape):
            raise UnreadableError
        size = math.prod(self.shape) * dtype.itemsize
        if not 0 <= self.start <= self.start + size <= len(numbers):
            raise UnreadableError
        try:
            part = numbers[self.start : self.start + size]
            return np.frombuffer(part, dtype).reshape(self.shape).copy()
        except (ValueError, OverflowError):  # more dimensions, or larger ones, than numpy has
            raise UnreadableError from None


_Arrays: TypeAlias = tuple[_Array, ...]


class _Given(msgspec.Struct):
    kind: Literal["array", "sequence", "pair", "dict", "nothing", "other"]
    arrays: _Arrays
    second: _Arrays
    items: tuple[tuple[str, _Array | _Arrays], ...]
    text: str


class _Ready(msgspec.Struct, tag="ready", tag_field="kind"):
    number: int


class _Loaded(msgspec.Struct, tag="loaded", tag_field="kind"):
    number: int
    functions: dict[str, Signature]
    others: tuple[str, ...]
    warnings: tuple[Noted, ...]

    def reply(self, numbers: memoryview) -> Loaded:
        return Loaded(self.functions, self.others, self.warnings)


class _Answer(msgspec.Struct, tag="answer", tag_field="kind"):
    number: int
    given: _Given
    arguments: tuple[_Array | _Arrays, ...]
    warnings: tuple[Noted, ...]

    def reply(self, numbers: memoryview) -> Answer:
        given = Given(
            self.given.kind,
            _all(self.given.arrays, numbers),
            _all(self.given.second, numbers),
            tuple((name, _one_or_all(each, numbers)) for name, each in self.given.items),
            self.given.text,
        )
        arguments = tuple(_one_or_all(each, numbers) for each in self.arguments)
        return Answer(given, arguments, self.warnings)


class _Ended(msgspec.Struct):
    number: int
    message: str
    frames: tuple[Frame, ...]
    while_loading: bool
    omitted: int


class _Raised(_Ended, tag="raised", tag_field="kind"):
    def reply(self, numbers: memoryview) -> Stopped:
        return Stopped("raised", self.message, self.frames, self.while_loading, self.omitted)


class _Exited(_Ended, tag="exited", tag_field="kind"):
    def reply(self, numbers: memoryview) -> Stopped:
        return Stopped("exited", self.message, self.frames, self.while_loading, self.omitted)


class _Failed(msgspec.Struct, tag="failed", tag_field="kind"):
    number: int
    message: str

    def reply(self, numbers: memoryview) -> NoReturn:
        raise OwnError(self.message)


_DECODER = msgspec.json.Decoder(_Ready | _Loaded | _Answer | _Raised | _Exited | _Failed)


def read(text: bytes, numbers: bytes) -> tuple[int, Reply | None]:
    """The number of the request, and the answer to it; None: the process is ready.

    ``text`` is JSON, ``numbers`` are those of its arrays. Raises :class:`UnreadableError`, and
    :class:`OwnError` where the process says so.
    """
    try:
        message = _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnreadableError from None
    if isinstance(message, _Ready):
        return message.number, None
    return message.number, message.reply(memoryview(numbers))


def _all(arrays: _Arrays, numbers: memoryview) -> tuple[AnyArray, ...]:
    return tuple(each.array(numbers) for each in arrays)


def _one_or_all(value: _Array | _Arrays, numbers: memoryview) -> AnyArray | tuple[AnyArray, ...]:
    return value.array(numbers) if isinstance(value, _Array) else _all(value, numbers)
