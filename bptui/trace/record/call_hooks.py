"""The hooks for calls, and for going through arrays: a call is carried out, and noted."""

from __future__ import annotations

import builtins
import copy
import operator
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bptui.trace.record.naming import Names
from bptui.trace.record.operators import (
    APPLYING,
    CHANGING,
    CONTAINERS,
    GOING_THROUGH,
    OUT,
    VIEWING,
    is_of_program,
    is_pure,
    name_of,
    out_of,
    owner_of_method,
)
from bptui.trace.record.places import Places, places_of
from bptui.trace.record.recording import is_number
from bptui.trace.tape import Reference, Value

Arguments = tuple[Value, ...]
Words = dict[str, Value]


class Calls(Names):
    """Gives what is called in the place of a function: itself, or one that takes notes, too."""

    def function(self, at: int, function: Value) -> Value:
        """Return what stands in the place of a function."""
        if is_of_program(function):
            return function
        owner = owner_of_method(function)
        if owner is not None:
            if is_number(owner):
                return partial(self._array_method, at, owner, function.__name__)
            if isinstance(owner, np.ufunc):
                return partial(self._ufunc_method, at, owner, function.__name__)
            if isinstance(owner, CONTAINERS):
                return function
        if isinstance(function, np.ufunc):
            return partial(self._ufunc, at, function)
        return partial(self._called, at, function)

    def method(self, at: int, owner: Value, name: str) -> Value:
        """Return what stands in the place of an object's method."""
        if isinstance(owner, np.ndarray | np.generic) and is_number(owner):
            return partial(self._array_method, at, owner, name)
        return self.function(at, getattr(owner, name))

    def _array_method(
        self, at: int, owner: Value, name: str, /, *arguments: Value, **words: Value
    ) -> Value:
        function = getattr(owner, name)
        if name in CHANGING and isinstance(owner, np.ndarray):
            self.about_to_change(owner)
            if name == "resize":
                words = {**words, "refcheck": False}  # that we know it is no reason to refuse
            result = function(*arguments, **words)
            if name == "fill":
                value = self.encoded(arguments[0], at)
                entry = self.write("fill", (value,), {"shape": list(owner.shape)}, at, owner)
            else:
                entry = self.write("leaf", (), {}, at, owner)
            self.buffer(owner).reshaped()
            self.rewritten(at, owner, entry)
            return result
        carry_out = partial(function, *arguments, **words)
        if name == "tolist" and owner.ndim:
            result = carry_out()
            self._listed(at, owner, result)
            return result
        return self._carried_out(at, name, (owner, *arguments), words, carry_out)

    def _listed(self, at: int, owner: Value, result: list[Value]) -> None:
        for index in np.ndindex(*owner.shape):
            part: Value = result
            for place in index:
                part = part[place]
            self.note("getitem", (owner, index), {}, at, part)

    def _noted(
        self, at: int, name: str, arguments: Arguments, words: Words, result: Value
    ) -> Value:
        """Put a result on the tape; views of known arrays by where their numbers stand."""
        if name in VIEWING:
            for source in arguments:
                if is_number(source):
                    self.entry_of(source, at)
            for part in result if isinstance(result, list | tuple) else [result]:
                if isinstance(part, np.ndarray) and self.buffer(part).entry is not None:
                    self.entry_of(part, at)
        return self.note(name, arguments, words, at, result)

    def _carried_out(
        self, at: int, name: str, arguments: Arguments, words: Words, carry_out: Callable[[], Value]
    ) -> Value:
        """Carry out a call, which may write into an array, and take note of it."""
        out = out_of(name, arguments, words)
        if out is None:
            result = carry_out()
            known = self.concerned(arguments) or self.concerned(words.values())
            return self._noted(at, name, arguments, words, result) if known else result
        before = self.about_to_change(out)
        given = arguments[: OUT.get(name, len(arguments))]
        encoded = tuple(self.encoded(argument, at) for argument in given)
        named = {key: self.encoded(value, at) for key, value in words.items() if key != "out"}
        if "where" in named:
            named["before"] = before
        result = carry_out()
        self.rewritten(at, out, self.write(name, encoded, named, at, out))
        return result

    def _ufunc(self, at: int, function: Value, /, *arguments: Value, **words: Value) -> Value:
        if len(arguments) > function.nin:
            words = {**words, "out": arguments[function.nin :]}
            arguments = arguments[: function.nin]
        several = isinstance(words.get("out"), tuple) and len(words["out"]) > 1
        if several and any(isinstance(part, np.ndarray) for part in words["out"]):
            return self._unseen(at, function, arguments, words)
        carry_out = partial(function, *arguments, **words)
        return self._carried_out(at, function.__name__, arguments, words, carry_out)

    def _ufunc_method(
        self, at: int, ufunc: Value, method: str, /, *arguments: Value, **words: Value
    ) -> Value:
        function = getattr(ufunc, method)
        name = f"{ufunc.__name__}.{method}"
        if method == "at" and isinstance(arguments[0], np.ndarray):
            array, index, *value = arguments
            before = self.about_to_change(array)
            places = self.encoded(index if isinstance(index, tuple) else (index,), at)
            encoded = (before, places, *(self.encoded(part, at) for part in value))
            function(*arguments, **words)
            self.rewritten(at, array, self.write(name, encoded, {}, at, array))
            return None
        return self._carried_out(at, name, arguments, words, partial(function, *arguments, **words))

    def _called(self, at: int, function: Value, /, *arguments: Value, **words: Value) -> Value:
        if any(function is known for known in APPLYING) and arguments and arguments[0] is not None:
            arguments = (self.function(at, arguments[0]), *arguments[1:])
        if any(function is known for known in GOING_THROUGH):
            rows: list[Value] = [self.iterate(at, argument) for argument in arguments]
            if function is reversed and isinstance(arguments[0], np.ndarray):
                rows = [list(rows[0])]
            return function(*rows, **words)
        if function is builtins.sum and arguments:
            return self._sum(at, *arguments, **words)
        if function is builtins.max or function is builtins.min:  # one of them, the very object
            return function(*(self.iterate(at, part) for part in arguments), **words)
        name, carry_out = name_of(function), partial(function, *arguments, **words)
        if function is copy.deepcopy:
            result = carry_out()
            self._copied(at, arguments[0] if arguments else words["x"], result, set())
            return result
        known = self.concerned(arguments) or self.concerned(words.values())
        if not known or out_of(name, arguments, words) is not None:
            return self._carried_out(at, name, arguments, words, carry_out)
        if isinstance(function, np.vectorize) and not (words or function.signature):
            return self._one_by_one(at, function, arguments)
        places = places_of(name, arguments, words) if function is getattr(np, name, None) else None
        if places is not None:
            return self._by_places(at, places, carry_out)
        if not is_pure(function) or words.get("copy") is False:
            return self._unseen(at, function, arguments, words)
        return self._noted(at, name, arguments, words, carry_out())

    def _one_by_one(self, at: int, function: Value, arguments: Arguments) -> Value:
        """Call a vectorized function with one number after the other, as numpy does."""
        arrays = self._called(at, np.broadcast_arrays, *arguments)
        each = self.function(at, function.pyfunc)
        places = np.ndindex(*arrays[0].shape)
        numbers = [each(*(self.item(at, array, place) for array in arrays)) for place in places]
        kind = (function.otypes or [np.asarray(numbers[0]).dtype])[0]
        made = self._called(at, np.array, numbers, dtype=kind)
        return self._array_method(at, made, "reshape", arrays[0].shape)

    def _copied(self, at: int, old: Value, new: Value, seen: set[int]) -> None:
        """Take note of the numbers that a copy has of what lists, dicts and objects hold.

        What a class that says how it is copied makes otherwise is no copy.
        """
        if new is old or id(new) in seen or type(new) is not type(old):
            return
        seen.add(id(new))
        if is_number(new):
            if np.array_equal(old, new, equal_nan=True):
                self.note("copy", (old,), {}, at, new)
        elif isinstance(new, dict):
            for key in filter(old.__contains__, new):
                self._copied(at, old[key], new[key], seen)
        elif isinstance(new, list | tuple):
            for one, other in zip(old, new, strict=False):
                self._copied(at, one, other, seen)
        elif hasattr(new, "__dict__"):
            self._copied(at, vars(old), vars(new), seen)

    def _by_places(self, at: int, places: Places, carry_out: Callable[[], Value]) -> Value:
        """Carry out a call that takes numbers from places of an array, or puts some there."""
        array, index, value, mask = places
        index = index if isinstance(index, tuple) else (index,)
        if value is None:
            return self.note("getitem", (array, index), {}, at, carry_out())
        if mask is not None:
            chosen = np.where(mask, value, array)
            value = self.note("where", (mask, value, array), {}, at, chosen)
        before = self.about_to_change(array)
        given = (before, self.encoded(index, at), self.encoded(value, at))
        result = carry_out()
        self.rewritten(at, array, self.write("setitem", given, {}, at, array))
        return result

    def _unseen(self, at: int, function: Value, arguments: Arguments, words: Words) -> Value:
        """Call what may change its arguments; arrays that it has changed are new to the tape."""
        arrays = [
            part
            for argument in (*arguments, *words.values())
            for part in (argument if isinstance(argument, list | tuple) else [argument])
            if isinstance(part, np.ndarray) and is_number(part)
        ]
        before = []
        for array in arrays:
            self.about_to_change(array)
            before.append((array, array.tobytes(), self.buffer(array).version))
        result = function(*arguments, **words)
        for array, content, version in before:
            if self.buffer(array).version == version and array.tobytes() != content:
                self.rewritten(at, array, self.write("leaf", (), {}, at, array))
        return self.note(name_of(function), arguments, words, at, result)

    def _sum(self, at: int, values: Value, start: Value = 0) -> Value:
        """Add up as Python does, which keeps more digits of floats than one sum after another."""
        if not isinstance(values, list | tuple):
            values = list(self.iterate(at, values))
        result = builtins.sum(values, start)
        if is_number(result) and all(
            is_number(value) or isinstance(value, int | np.bool_) for value in values
        ):
            total = start
            for value in values[:-1]:
                total = self.note("add", (total, value), {}, at, operator.add(total, value))
            for value in values[-1:]:
                self.note("add", (total, value), {}, at, result)
        return result

    # going through arrays

    def iterate(self, at: int, values: Value) -> Value:
        """Return the rows of an array, so that each is known as such; anything else as it is."""
        if isinstance(values, np.ndarray) and is_number(values) and values.ndim:
            return self.rows(at, values)
        if isinstance(values, np.flatiter) and is_number(values.base):
            return self.rows(at, values)
        return values

    def rows(self, at: int, array: Value) -> Iterator[Value]:
        """Go through the rows of an array."""
        for number in range(len(array)):
            yield self.item(at, array, number)

    def loop(self, at: int, values: Value) -> Iterator[Value]:
        """Go through what a ``for`` statement goes through."""
        for value in self.iterate(at, values):
            self.turn(at)
            yield value

    def turn(self, at: int) -> None:
        """Take note of a turn of a loop; turns in which no number is computed are one."""
        self.stop_if_long()
        turn = (len(self.tape), at)
        if not self.turns or self.turns[-1] != turn:
            self.turns.append(turn)

    def seen(self, at: int, value: Value) -> None:
        """Take note of what a comprehension's variable is in one of its turns."""
        if is_number(value) and self.is_known(value):
            self.reads.append((len(self.tape), at, self.entry_of(value, at), ()))
        elif isinstance(value, int | str):
            self.turning.append((len(self.tape), at, value))

    def item(self, at: int, value: Value, index: Value) -> Value:
        """Take something out of an array, a list or a dict."""
        result = value[index]
        if isinstance(value, np.flatiter) and is_number(value.base):
            if is_number(result):
                base = value.base
                places = np.arange(base.size)[index]
                entry = self.entry_of(base, at)
                self.keep(result, self.write("gather", (Reference(entry), places), {}, at, result))
        elif is_number(result):
            if is_number(value):
                given = (value, index if isinstance(index, tuple) else (index,))
                return self.note("getitem", given, {}, at, result)
            if isinstance(value, list | tuple | dict | np.ndarray):
                own = self.item_of(value, index)
                self.reads.append((len(self.tape), at, self.entry_of(result, at), own))
            elif value is np.c_ or value is np.r_:
                parts = list(index) if isinstance(index, tuple) else [index]
                if self.concerned(parts):
                    return self.note("c_" if value is np.c_ else "r_", (parts,), {}, at, result)
        return result
