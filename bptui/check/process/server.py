"""The loop of the user's process: takes requests, runs the code, writes answers."""

from __future__ import annotations

import dataclasses
import faulthandler
import json
import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from bptui.check.answers import Noted
from bptui.check.process.frames import text_of
from bptui.check.process.life import Life, Surroundings
from bptui.check.process.values import Taker

Message: TypeAlias = dict[str, Any]
Packed: TypeAlias = "list[Packed] | tuple[tuple[int, ...], bytes] | float"
"""An argument as it comes: arrays are their shapes and their float64 numbers."""
HEADER = struct.Struct("<Q")
"""In front of a request: how many bytes it has."""
REPLY = struct.Struct("<QQ")
"""In front of an answer: how many bytes its JSON has, and how many the numbers of its arrays."""

_write = os.write  # which code that replaces it in the module does not reach


def serve(file: str, commands: int, answers: int, trace: int) -> None:
    """Answer requests until there are no more; never returns.

    A request is a pickled tuple: ``(number, "load")`` or ``(number, function, arguments, most)``,
    ``most`` being the bytes that the returned arrays may have, and as many those of the arguments.
    An answer is JSON, in which arrays say where their numbers start in the bytes that follow it.
    """
    process, number = os.getpid(), 0
    life: Life | None = None
    try:
        surroundings = Surroundings(file)
        _send(answers, {"kind": "ready", "number": 0})
        while (request := _receive(commands)) is not None:
            number, name, *rest = request
            if name == "load":
                surroundings.restore()
                _watch(trace)
                life = Life(file)
                answer = _guarded(life, _load, while_loading=True)
            else:
                assert life is not None, "loaded before anything is called"
                answer = _guarded(life, partial(_call, name, *rest))
            if os.getpid() != process:
                os._exit(0)  # a fork that the code made and let return: only the first one answers
            _flush()
            _send(answers, {**answer, "number": number})
    except OSError:  # the code closed all files, these among them
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(process, signal.SIGPIPE)
    except BaseException as error:  # never to be taken for an end that the code made
        with suppress(Exception):
            _send(answers, {"kind": "failed", "message": _own(error), "number": number})
    os._exit(0)  # whatever threads still run


def _own(error: BaseException) -> str:
    """``TypeError: ... (life.py, line 46)``."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}, line {last.lineno}"
    return f"{type(error).__name__}: {text_of(error)} ({place})"


def _watch(trace: int) -> None:
    """Let the stack be written down when the process crashes, or is asked by a signal."""
    faulthandler.enable(trace)
    faulthandler.register(signal.SIGUSR1, trace)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


def _receive(commands: int) -> tuple[Any, ...] | None:
    header = _read(commands, HEADER.size)
    if header is None:
        return None
    payload = _read(commands, *HEADER.unpack(header))
    # from bptui itself, so unpickling is safe; the other direction is JSON, because this side isn't
    request: tuple[Any, ...] | None = None if payload is None else pickle.loads(payload)
    return request


def _read(descriptor: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(descriptor, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _send(descriptor: int, message: Message) -> None:
    numbers: list[bytes] = []

    def encoded(value: object) -> object:
        if isinstance(value, np.ndarray):
            start = sum(map(len, numbers))
            numbers.append(value.tobytes())
            return {"dtype": value.dtype.str, "shape": value.shape, "start": start}
        assert dataclasses.is_dataclass(value)
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}

    text = json.dumps(message, separators=(",", ":"), default=encoded).encode()
    header = REPLY.pack(len(text), sum(map(len, numbers)))
    for part in (header + text, *numbers):
        rest = memoryview(part)
        while rest:
            rest = rest[_write(descriptor, rest) :]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None:  # without it no C code that prints is at hand
        with suppress(Exception):
            ctypes.CDLL(None).fflush(None)


def _guarded(life: Life, work: Callable[[Life], Message], while_loading: bool = False) -> Message:
    """What ``work`` answers, or how the user's code ended it."""
    try:
        with life.noting() as noted:
            answer = work(life)
        return {**answer, "warnings": _listed(noted)}
    except SystemExit as error:
        code = "" if error.code is None else repr(error.code)
        kind, message = "exited", f"sys.exit({text_of(code, 200)})"
        frames, omitted = life.files.of_exception(error)
    except BaseException as error:
        # a private name, such as numpy's _ArrayMemoryError, stands for the public one above it
        names = (each.__name__ for each in type(error).__mro__)
        name = next(each for each in names if not each.startswith("_"))
        text = text_of(error.msg if isinstance(error, SyntaxError) else error)
        kind, message = "raised", f"{text_of(name)}: {text}" if text else text_of(name)
        frames, omitted = life.files.of_exception(error)
    return {
        "kind": kind,
        "message": message,
        "frames": frames,
        "while_loading": while_loading,
        "omitted": omitted,
    }


def _listed(noted: Mapping[object, Noted]) -> list[Noted]:
    return list(noted.values())


def _load(life: Life) -> Message:
    life.execute()
    functions, others = life.functions()
    return {"kind": "loaded", "functions": functions, "others": others}


def _call(name: str, arguments: list[Packed], most: int, life: Life) -> Message:
    fresh = [_fresh(each) for each in arguments]
    by_position, by_name = life.bound(name, fresh)
    given = Taker(most).given(life.function(name)(*by_position, **by_name))
    after = Taker(most)  # of their own, so that however much is returned they are seen
    return {
        "kind": "answer",
        "given": given,
        "arguments": [after.argument(each) for each in fresh],
    }


def _fresh(argument: Packed) -> Any:  # noqa: ANN401  # lists of arrays, arrays, floats
    """The argument of the call, out of what came for it."""
    if isinstance(argument, list):
        return [_fresh(each) for each in argument]
    if isinstance(argument, float):
        return argument
    shape, data = argument
    return np.frombuffer(data, np.float64).reshape(shape).copy()
