"""Carries out a program's operations on numbers and takes notes of them: a tape of calls.

A number, or an array, is known by the object that holds it. Arrays share memory and change in
place, so each array belongs to a buffer, the array that owns the memory; the tape says what a
buffer holds, and a view of it reads from there. Runs in the user's Python: standard library and
numpy only.
"""

from __future__ import annotations

import builtins
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

BINARY = {
    "Add": ("add", operator.add),
    "Sub": ("subtract", operator.sub),
    "Mult": ("multiply", operator.mul),
    "Div": ("divide", operator.truediv),
    "FloorDiv": ("floor_divide", operator.floordiv),
    "Mod": ("remainder", operator.mod),
    "Pow": ("power", operator.pow),
    "MatMult": ("matmul", operator.matmul),
    "BitAnd": ("bitwise_and", operator.and_),
    "BitOr": ("bitwise_or", operator.or_),
    "BitXor": ("bitwise_xor", operator.xor),
    "LShift": ("left_shift", operator.lshift),
    "RShift": ("right_shift", operator.rshift),
}
IN_PLACE = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "MatMult": operator.imatmul,
    "BitAnd": operator.iand,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
}
UNARY = {
    "USub": ("negative", operator.neg),
    "UAdd": ("positive", operator.pos),
    "Invert": ("invert", operator.invert),
}
COMPARE = {
    "Eq": ("equal", operator.eq),
    "NotEq": ("not_equal", operator.ne),
    "Lt": ("less", operator.lt),
    "LtE": ("less_equal", operator.le),
    "Gt": ("greater", operator.gt),
    "GtE": ("greater_equal", operator.ge),
}
CHANGING = frozenset({"fill", "sort", "partition", "put", "itemset", "resize", "setfield"})
"""Methods of arrays that change them in place."""
REPEATABLE = (zip, enumerate, reversed, map, filter, list, tuple, sorted, set, iter)
"""What goes through arrays row by row without our seeing it."""
SMALL = 1_000_000
"""Numbers up to which an array that code of others may change is compared with a copy."""


class Note(NamedTuple):
    """An entry of the tape: what was called, on what, and where in the source."""

    call: str
    """A leaf (``leaf``, ``constant``) or a function of numpy or Python by its name."""
    arguments: tuple[Any, ...]
    """References to entries, plain values, and lists of both."""
    keywords: dict[str, Any]
    place: int


class Reference(NamedTuple):
    """Stands for a value that an earlier entry has given."""

    entry: int


class Binding(NamedTuple):
    """A name that was given to a value: ``when`` counts entries of the tape."""

    when: int
    frame: int
    name: str
    entry: int
    place: int
    location: tuple[Any, ...]
    """What the name means, the same for the same variable at any time."""


class Buffer:
    """Memory that arrays share: ``entry`` gives its content, in the owner's order of rows."""

    def __init__(self, owner: Any, entry: int | None) -> None:
        self.owner, self.entry, self.version = owner, entry, 0
        self.shown: list[int] = []
        self.map: Any = None

    def places(self, view: Any) -> Any:
        """Return where in the flattened owner each number of a view of it stands."""
        size = self.owner.itemsize
        if self.map is None:
            low, high = _bounds(self.owner)
            memory = np.zeros((high - low) // size, np.intp)
            strides = tuple(stride // size * memory.itemsize for stride in self.owner.strides)
            start = memory[(self.owner.__array_interface__["data"][0] - low) // size :]
            own = np.lib.stride_tricks.as_strided(start, self.owner.shape, strides)
            own[...] = np.arange(self.owner.size).reshape(self.owner.shape)
            self.map = (memory, low)
        memory, low = self.map
        start = memory[(view.__array_interface__["data"][0] - low) // size :]
        strides = tuple(stride // size * memory.itemsize for stride in view.strides)
        return np.lib.stride_tricks.as_strided(start, view.shape, strides).copy()


def _bounds(array: Any) -> tuple[int, int]:
    start = array.__array_interface__["data"][0]
    low = high = start
    for stride, length in zip(array.strides, array.shape):
        if stride < 0:
            low += stride * (length - 1)
        else:
            high += stride * (length - 1)
    return low, high + array.itemsize


class Enough(BaseException):
    """Ends the program once all that is wanted was seen."""


def is_number(value: object) -> bool:
    """Whether a value is a number or an array of numbers that the tape keeps."""
    if type(value) is float:
        return True
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fbiuc"
    return False


class Recorder:
    """The hooks that rewritten code calls, each named for what it stands in the place of."""

    slice = staticmethod(builtins.slice)

    def __init__(self, limit: int = 300_000) -> None:
        self.limit = limit
        self.tape: list[Note] = []
        self.values: list[Any] = []
        self.bindings: list[Binding] = []
        self.reads: list[tuple[int, int, int]] = []
        """Numbers taken out of lists and dicts: when, where, and the entry."""
        self.plain: list[tuple[int, int, str, Any]] = []
        """Whole numbers and the like by name: when, the frame, the name, and the value."""
        self.turns: list[tuple[int, int]] = []
        """When a turn of a loop began, and the loop's place."""
        self._known: dict[int, tuple[int, int]] = {}
        self._buffers: dict[int, Buffer] = {}
        self._alive: list[Any] = []
        self.watch: Callable[[Binding], None] = lambda binding: None

    # the tape

    def write(self, call: str, arguments: tuple[Any, ...], keywords: dict[str, Any], at: int, value: Any) -> int:
        """Put a call on the tape, and return the number of its entry."""
        self.tape.append(Note(call, arguments, keywords, at))
        self.values.append(value)
        return len(self.tape) - 1

    def entry_of(self, value: Any, at: int = -1) -> int:
        """Return the entry that gives a number's or an array's present value."""
        if not isinstance(value, np.ndarray):
            known = self._known.get(id(value))
            if known is not None:
                return known[0]
            return self._keep(value, self.write("leaf", (), {}, at, value))
        buffer, known = self._buffer(value), self._known.get(id(value))
        if known is not None and known[1] == buffer.version:
            return known[0]
        if buffer.owner is value and buffer.entry is not None:
            return self._keep(value, buffer.entry)
        if buffer.entry is None:
            entry = self.write("leaf", (), {}, at, value)
            if value.size == buffer.owner.size and value.flags.c_contiguous:
                buffer.entry = entry
        else:
            places = buffer.places(value)
            entry = self.write("gather", (Reference(buffer.entry), places), {}, at, value)
        return self._keep(value, entry)

    def _buffer(self, array: Any) -> Buffer:
        owner = _owner(array)
        found = self._buffers.get(id(owner))
        if found is None:
            self._alive.append(owner)
            found = self._buffers[id(owner)] = Buffer(owner, None)
        return found

    def _keep(self, value: Any, entry: int) -> int:
        """Remember what gives a value; it is kept alive, so that no other takes its identity."""
        version = 0
        if isinstance(value, np.ndarray):
            buffer = self._buffer(value)
            if buffer.entry is None and value.size == buffer.owner.size and value.flags.c_contiguous:
                buffer.entry = entry
            buffer.shown.append(entry)
            version = buffer.version
        if id(value) not in self._known:
            self._alive.append(value)
        self._known[id(value)] = (entry, version)
        return entry

    def about_to_change(self, array: Any) -> None:
        """Keep what the tape shows of an array's memory, which is about to be written to."""
        buffer = self._buffer(array)
        self.entry_of(array)
        if not buffer.shown:
            return
        owner = buffer.owner
        straight = owner if owner.flags.c_contiguous else owner.T
        whole = straight.flags.c_contiguous
        raw = straight.reshape(-1).view(np.uint8).copy() if whole and owner.size else None
        low = owner.__array_interface__["data"][0]
        for entry in buffer.shown:
            value = self.values[entry]
            if not isinstance(value, np.ndarray) or _owner(value) is not owner:
                continue  # kept already
            if raw is None:
                self.values[entry] = value.copy()
            else:
                offset = value.__array_interface__["data"][0] - low
                kept = np.ndarray(value.shape, value.dtype, raw, offset, value.strides)  # type: ignore[arg-type]  # an array is a buffer
                self.values[entry] = kept
        buffer.shown.clear()

    def changed(self, array: Any, entry: int, at: int) -> None:
        """Say that an array now holds what an entry gives."""
        buffer = self._buffer(array)
        if buffer.owner is array or (array.size == buffer.owner.size and array.flags.c_contiguous and buffer.owner.flags.c_contiguous):
            buffer.entry = entry
        elif buffer.entry is not None:
            references = (Reference(buffer.entry), Reference(entry), buffer.places(array))
            buffer.entry = self.write("put", references, {}, at, buffer.owner)
            buffer.shown.append(buffer.entry)
        buffer.version += 1
        self._keep(array, entry)

    def encoded(self, value: Any, at: int) -> Any:
        """Return an argument for the tape: references for numbers, plain values for the rest."""
        if is_number(value):
            return Reference(self.entry_of(value, at))
        if isinstance(value, list | tuple | range):
            return [self.encoded(part, at) for part in value]
        if isinstance(value, builtins.slice):
            return ("slice", *(self.encoded(part, at) for part in (value.start, value.stop, value.step)))
        if value is None or isinstance(value, bool | int | str):
            return value
        if value is Ellipsis:
            return ("ellipsis",)
        if isinstance(value, type | np.dtype):
            return ("type", np.dtype(value).name if _is_dtype(value) else str(value))
        return ("object", type(value).__name__)

    def concerned(self, values: Iterable[Any]) -> bool:
        """Whether numbers that the tape keeps are among the values."""
        for value in values:
            if is_number(value):
                return True
            if isinstance(value, list | tuple) and self.concerned(value):
                return True
        return False

    def note(self, call: str, arguments: Iterable[Any], keywords: dict[str, Any], at: int, result: Any) -> Any:
        """Put a call on the tape that was carried out, where it gave new numbers."""
        if is_number(result):
            if not isinstance(result, np.ndarray) and id(result) in self._known:
                return result  # handed through
            references = tuple(self.encoded(argument, at) for argument in arguments)
            named = {name: self.encoded(value, at) for name, value in keywords.items()}
            self._keep(result, self.write(call, references, named, at, result))
        elif isinstance(result, list | tuple) and any(map(is_number, result)):
            references = tuple(self.encoded(argument, at) for argument in arguments)
            named = {name: self.encoded(value, at) for name, value in keywords.items()}
            for number, part in enumerate(result):
                if is_number(part) and (isinstance(part, np.ndarray) or id(part) not in self._known):
                    self._keep(part, self.write(call, references, {**named, "pick": number}, at, part))
        return result

    # hooks: expressions

    def number(self, value: float) -> float:
        """A literal: a float of its own, so that equal literals stay apart."""
        fresh = value * 1.0
        self._keep(fresh, self.write("constant", (), {}, -1, fresh))
        return fresh

    def binary(self, at: int, sign: str, left: Any, right: Any) -> Any:
        name, function = BINARY[sign]
        result = function(left, right)
        if is_number(left) or is_number(right):
            return self.note(name, (left, right), {}, at, result)
        if sign == "Mult" and isinstance(result, list) and len(result) < SMALL:
            # [0.0] * 3 holds one float three times; each becomes a number of its own
            return [part * 1.0 if type(part) is float else part for part in result]
        return result

    def unary(self, at: int, sign: str, operand: Any) -> Any:
        name, function = UNARY[sign]
        result = function(operand)
        return self.note(name, (operand,), {}, at, result) if is_number(operand) else result

    def compare(self, at: int, sign: str, left: Any, right: Any) -> Any:
        name, function = COMPARE[sign]
        result = function(left, right)
        if isinstance(result, np.ndarray) and (is_number(left) or is_number(right)):
            return self.note(name, (left, right), {}, at, result)
        return result

    def item(self, at: int, value: Any, index: Any) -> Any:
        result = value[index]
        if isinstance(value, np.ndarray) and is_number(value) and is_number(result):
            return self.note("getitem", (value, _as_tuple(index)), {}, at, result)
        if is_number(result) and isinstance(value, list | tuple | dict):
            self.reads.append((len(self.tape), at, self.entry_of(result, at)))
        if isinstance(value, type(np.c_) | type(np.r_)) and self.concerned(_as_tuple(index)):
            return self.note("c_" if value is np.c_ else "r_", (list(_as_tuple(index)),), {}, at, result)
        return result

    def attribute(self, at: int, value: Any, name: str) -> Any:
        result = getattr(value, name)
        if isinstance(value, np.ndarray | np.generic) and isinstance(result, np.ndarray):
            return self.note("transpose" if name == "T" else name, (value,), {}, at, result)
        return result

    def call(self, at: int, function: Any, *arguments: Any, **keywords: Any) -> Any:
        owner = getattr(function, "__self__", None)
        if isinstance(owner, np.ndarray | np.generic):
            return self.method(at, owner, function.__name__, *arguments, **keywords)
        return self._called(at, function, _name_of(function), arguments, keywords)

    def method(self, at: int, owner: Any, name: str, *arguments: Any, **keywords: Any) -> Any:
        if isinstance(owner, np.ndarray | np.generic) and is_number(owner):
            return self._array_method(at, owner, name, arguments, keywords)
        function = getattr(owner, name)
        if isinstance(owner, np.ufunc):
            return self._ufunc_method(at, owner, name, arguments, keywords)
        return self._called(at, function, _name_of(function), arguments, keywords)

    def _array_method(self, at: int, owner: Any, name: str, arguments: Any, keywords: Any) -> Any:
        if name in CHANGING:
            self.about_to_change(owner)
            result = getattr(owner, name)(*arguments, **keywords)
            entry = self.write("leaf", (), {}, at, owner)
            if name == "fill":
                value = Reference(self.entry_of(arguments[0], at)) if is_number(arguments[0]) else arguments[0]
                entry = self.write("fill", (value,), {"shape": list(owner.shape)}, at, owner)
            self.changed(owner, entry, at)
            return result
        out = keywords.get("out")
        if out is not None:
            return self._into(at, f"{name}", (owner, *arguments), keywords, out, getattr(owner, name))
        result = getattr(owner, name)(*arguments, **keywords)
        if name == "tolist" and isinstance(result, list):
            return self._listed(at, owner, result)
        if name == "item" and isinstance(result, float):
            return self.note("item", (owner, *arguments), {}, at, result)
        return self.note(name, (owner, *arguments), keywords, at, result)

    def _listed(self, at: int, owner: Any, result: Any) -> Any:
        for index in np.ndindex(*owner.shape):
            part = result
            for place in index[:-1]:
                part = part[place]
            if index and isinstance(part[index[-1]], float):
                self.note("getitem", (owner, index), {}, at, part[index[-1]])
        return result

    def _ufunc_method(self, at: int, ufunc: Any, name: str, arguments: Any, keywords: Any) -> Any:
        function = getattr(ufunc, name)
        if name == "at" and isinstance(arguments[0], np.ndarray):
            array, index, *value = arguments
            self.about_to_change(array)
            before = Reference(self.entry_of(array, at))
            references = (before, self.encoded(_as_tuple(index), at), *(self.encoded(part, at) for part in value))
            function(*arguments, **keywords)
            entry = self.write(f"{ufunc.__name__}.at", references, {}, at, array)
            self.changed(array, entry, at)
            return None
        result = function(*arguments, **keywords)
        return self.note(f"{ufunc.__name__}.{name}", arguments, keywords, at, result)

    def _into(self, at: int, name: str, arguments: Any, keywords: Any, out: Any, function: Any) -> Any:
        target = out[0] if isinstance(out, tuple) else out
        rest = {key: value for key, value in keywords.items() if key != "out"}
        self.about_to_change(target)
        references = tuple(self.encoded(argument, at) for argument in arguments)
        named = {key: self.encoded(value, at) for key, value in rest.items()}
        if "where" in rest:
            named["before"] = Reference(self.entry_of(target, at))
        own = arguments[1:] if isinstance(function, BuiltinFunctionType) and getattr(function, "__self__", None) is arguments[0] else arguments
        result = function(*own, **keywords)
        self.changed(target, self.write(name, references, named, at, target), at)
        return result

    def _called(self, at: int, function: Any, name: str, arguments: Any, keywords: Any) -> Any:
        if any(function is known for known in REPEATABLE):
            arguments = tuple(
                self.iterate(at, argument) if isinstance(argument, np.ndarray) else argument
                for argument in arguments
            )
            return function(*arguments, **keywords)
        if function is builtins.setattr:
            self.set_attribute(at, f"{arguments[1]}", *arguments)
            return None
        if function is builtins.sum and arguments:
            return self._sum(at, *arguments, **keywords)
        if function in (builtins.max, builtins.min) and len(arguments) > 1:
            return function(*arguments, **keywords)  # one of them, the very object
        if function in (builtins.max, builtins.min) and isinstance(arguments[0], np.ndarray):
            return function(self.iterate(at, arguments[0]), **keywords)
        if isinstance(function, np.ufunc):
            return self._ufunc(at, function, arguments, keywords)
        if _is_users(function):
            return function(*arguments, **keywords)
        out = keywords.get("out")
        if isinstance(out, np.ndarray):
            return self._into(at, name, arguments, keywords, out, function)
        if not self.concerned(arguments) and not self.concerned(keywords.values()):
            return function(*arguments, **keywords)
        if name.startswith(("random.", "numpy.random", "shuffle")) or not _is_pure(function):
            return self._unseen(at, function, name, arguments, keywords)
        result = function(*arguments, **keywords)
        return self.note(name, arguments, keywords, at, result)

    def _ufunc(self, at: int, function: Any, arguments: Any, keywords: Any) -> Any:
        out = keywords.get("out")
        if out is None and len(arguments) > function.nin:
            out, arguments = arguments[function.nin], arguments[: function.nin]
            keywords = {**keywords, "out": out}
        if out is not None and (not isinstance(out, tuple) or out[0] is not None):
            return self._into(at, function.__name__, arguments, keywords, out, function)
        result = function(*arguments, **keywords)
        if self.concerned(arguments):
            return self.note(function.__name__, arguments, keywords, at, result)
        return result

    def _unseen(self, at: int, function: Any, name: str, arguments: Any, keywords: Any) -> Any:
        """Call what may change its arguments; arrays that it has changed are new to the tape."""
        arrays = [part for part in (*arguments, *keywords.values()) if isinstance(part, np.ndarray)]
        before = [part.copy() for part in arrays if part.size <= SMALL]
        for array in arrays:
            self.about_to_change(array)
        result = function(*arguments, **keywords)
        for array, old in zip(arrays, before):
            if array.dtype.kind in "fbiuc" and not np.array_equal(array, old, equal_nan=array.dtype.kind in "fc"):
                self.changed(array, self.write("leaf", (), {}, at, array), at)
        if result is not None:
            return self.note(name, arguments, keywords, at, result)
        return result

    def _sum(self, at: int, values: Any, start: Any = 0) -> Any:
        total = start
        for value in self.iterate(at, values) if isinstance(values, np.ndarray) else values:
            new = total + value
            if is_number(total) or is_number(value):
                self.note("add", (total, value), {}, at, new)
            total = new
        return total

    # hooks: going through arrays

    def iterate(self, at: int, values: Any) -> Any:
        """Rows of an array one by one, each known as such; anything else as it is."""
        if isinstance(values, np.ndarray) and is_number(values) and values.ndim:
            return self._rows(at, values)
        return values

    def _rows(self, at: int, array: Any) -> Iterator[Any]:
        for number in range(len(array)):
            yield self.item(at, array, number)

    def loop(self, at: int, values: Any) -> Iterator[Any]:
        for value in self.iterate(at, values):
            self.turns.append((len(self.tape), at))
            yield value

    def turn(self, at: int) -> None:
        self.turns.append((len(self.tape), at))

    def apart(self, at: int, value: Any, shape: Any) -> Any:
        """A value that is about to be taken apart into names."""
        if isinstance(value, np.ndarray) and value.ndim:
            value = list(self._rows(at, value)) if is_number(value) else value
        if isinstance(shape, tuple) and any(part is not None for part in shape):
            value = list(value)
            if len(value) == len(shape):
                return [self.apart(at, part, inner) if inner is not None else part for part, inner in zip(value, shape)]
        return value

    # hooks: names

    def _frame(self, up: int = 2) -> tuple[int, Any]:
        frame = sys._getframe(up)
        module = frame.f_locals is frame.f_globals
        return (0 if module else id(frame)), frame

    def bind(self, at: int, name: str, value: Any) -> Any:
        if is_number(value) and not isinstance(value, bool):
            frame, holder = self._frame()
            self._bound(at, frame, name, value, ("name", frame, name))
            if frame:
                self._alive.append(holder)
        elif value is None or isinstance(value, bool | int | str):
            self.plain.append((len(self.tape), self._frame()[0], name, value))
        elif isinstance(value, list | tuple) and len(value) <= 64 and any(map(is_number, value)):
            frame, _ = self._frame()
            for number, part in enumerate(value):
                if is_number(part):
                    self._bound(at, frame, f"{name}[{number}]", part, ("item", id(value), number))
        elif isinstance(value, dict) and len(value) <= 64:
            frame, _ = self._frame()
            for key, part in value.items():
                if is_number(part):
                    self._bound(at, frame, f"{name}[{key!r}]", part, ("item", id(value), key))
        return value

    def _bound(self, at: int, frame: int, name: str, value: Any, location: tuple[Any, ...]) -> None:
        binding = Binding(len(self.tape), frame, name, self.entry_of(value, at), at, location)
        self.bindings.append(binding)
        self.watch(binding)
        if len(self.tape) > self.limit:
            raise Enough

    def set_attribute(self, at: int, text: str, owner: Any, name: str, value: Any) -> None:
        setattr(owner, name, value)
        if is_number(value):
            self._bound(at, self._frame()[0], text, value, ("attribute", id(owner), name))
        else:
            self._contents(at, text, value)

    def _contents(self, at: int, text: str, value: Any) -> None:
        pairs: Iterable[Any] = ()
        if isinstance(value, list | tuple) and len(value) <= 64:
            pairs = enumerate(value)
        elif isinstance(value, dict) and len(value) <= 64:
            pairs = value.items()
        for key, part in pairs:
            if is_number(part):
                self._bound(at, self._frame(3)[0], f"{text}[{key!r}]", part, ("item", id(value), key))

    def set_item(self, at: int, text: str, owner: Any, index: Any, value: Any) -> None:
        if isinstance(owner, np.ndarray) and is_number(owner):
            self._put(at, owner, index, value)
            self._bound_whole(at, text, owner)
            return
        owner[index] = value
        if is_number(value):
            location = ("item", id(owner), index if isinstance(index, int | str | tuple) else repr(index))
            self._bound(at, self._frame()[0], text, value, location)
        else:
            self._contents(at, text, value)

    def _bound_whole(self, at: int, text: str, array: Any) -> None:
        """Say that a part of an array was written to, by the array that owns the memory."""
        buffer = self._buffer(array)
        whole = array if buffer.entry is None else buffer.owner
        self._bound(at, self._frame(3)[0], text.partition("[")[0], whole, ("memory", id(buffer)))

    def _put(self, at: int, array: Any, index: Any, value: Any) -> None:
        self.about_to_change(array)
        before = Reference(self.entry_of(array, at))
        references = (before, self.encoded(_as_tuple(index), at), self.encoded(value, at))
        array[index] = value
        self.changed(array, self.write("setitem", references, {}, at, array), at)

    def update(self, at: int, text: str, sign: str, old: Any, value: Any) -> Any:
        result = self._in_place(at, sign, old, value)
        if is_number(result):
            frame, _ = self._frame()
            location = ("memory", id(self._buffer(result))) if isinstance(result, np.ndarray) else ("name", frame, text)
            self._bound(at, frame, text, result, location)
        return result

    def _in_place(self, at: int, sign: str, old: Any, value: Any) -> Any:
        name, function = BINARY[sign][0], IN_PLACE[sign]
        if isinstance(old, np.ndarray) and is_number(old):
            self.about_to_change(old)
            references = (Reference(self.entry_of(old, at)), self.encoded(value, at))
            result = function(old, value)
            self.changed(old, self.write(name, references, {}, at, old), at)
            return result
        result = function(old, value)
        if is_number(old) or is_number(value):
            return self.note(name, (old, value), {}, at, result)
        return result

    def update_attribute(self, at: int, text: str, sign: str, owner: Any, name: str, value: Any) -> None:
        old = getattr(owner, name)
        result = self._in_place(at, sign, old, value() if type(value) is FunctionType else value)
        setattr(owner, name, result)
        if is_number(result):
            self._bound(at, self._frame()[0], text, result, ("attribute", id(owner), name))

    def update_item(self, at: int, text: str, sign: str, owner: Any, index: Any, value: Any) -> None:
        old = self.item(at, owner, index)
        result = self._in_place(at, sign, old, value() if type(value) is FunctionType else value)
        if isinstance(owner, np.ndarray) and is_number(owner):
            if isinstance(result, np.ndarray) and result is old and np.shares_memory(result, owner):
                owner[index] = result  # as Python does; nothing changes any more
            else:
                self._put(at, owner, index, result)
            self._bound_whole(at, text, owner)
            return
        owner[index] = result
        if is_number(result):
            location = ("item", id(owner), index if isinstance(index, int | str | tuple) else repr(index))
            self._bound(at, self._frame()[0], text, result, location)




def _owner(array: Any) -> Any:
    """Return the array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _as_tuple(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _is_dtype(value: Any) -> bool:
    try:
        np.dtype(value)
    except TypeError:
        return False
    return True


def _name_of(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, BuiltinFunctionType) and module in ("math", "cmath"):
        return f"math.{name}"
    return name if module.startswith("numpy") or module == "builtins" else f"{module}.{name}"


def _is_users(function: Any) -> bool:
    """Whether a function is written in a file that is rewritten, too."""
    inner = function.__func__ if isinstance(function, MethodType) else function
    inner = inner.__init__ if isinstance(inner, type) else inner
    code = getattr(inner, "__globals__", None)
    if code is not None:
        return "__bptui__" in code
    call = getattr(type(inner), "__call__", None)
    return "__bptui__" in getattr(call, "__globals__", {})


def _is_pure(function: Any) -> bool:
    """Whether a function of a library changes none of its arguments."""
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, type):
        return function in (float, int, complex, bool, abs) or module.startswith("numpy")
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, ModuleType):
        return False
    name = getattr(function, "__name__", "")
    if name in ("shuffle", "put", "copyto", "place", "putmask", "fill_diagonal", "put_along_axis"):
        return False
    return module.startswith(("numpy", "math", "builtins", "cmath"))


