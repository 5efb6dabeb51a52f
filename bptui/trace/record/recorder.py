"""The recorder of a program: the hooks that rewritten code calls.

A hook is named for what it stands in the place of: it carries that out, with the very objects that
the program has, and takes notes. It all runs in the user's Python: standard library and numpy only.
"""

from __future__ import annotations

import builtins
import sys
from functools import partial
from itertools import islice

import numpy as np

from bptui.trace.record.call_hooks import Calls
from bptui.trace.record.operators import BINARY, COMPARE, IN_PLACE, UNARY
from bptui.trace.record.recording import is_number
from bptui.trace.tape import Value, references


class Recorder(Calls):
    """Carries out a program's operations on numbers, and puts them on a tape."""

    slice = staticmethod(builtins.slice)

    # expressions

    def function(self, at: int, function: Value) -> Value:
        """Return what stands in the place of a function."""
        if function is setattr:
            return partial(self._set_named, at)
        for sign, updates in IN_PLACE.items():
            if function is updates:
                return partial(self._in_place, at, sign)
        return super().function(at, function)

    def _set_named(self, at: int, owner: Value, name: str, value: Value) -> None:
        """Give an attribute of a name a value: it is known by the object's name where called."""
        frame = sys._getframe(1)
        seen = [*frame.f_locals.items(), *frame.f_globals.items()]
        known = (text for text, held in seen if held is owner)
        self.set_attribute(at, value, ".".join([*islice(known, 1), name]), owner, name)

    def number(self, value: float) -> float:
        """Give a literal: a float of its own, so that equal literals stay apart."""
        fresh = value * 1.0
        self.keep(fresh, self.write("constant", (), {}, -1, fresh))
        return fresh

    def again(self, value: Value) -> Value:
        """Give a value to one more name: a number that is computed of none gets apart from it.

        The weights of ``w = b = 0.0`` are two.
        """
        if type(value) is float or isinstance(value, np.floating):
            note = self.tape[self.entry_of(value)]
            if not references(note):
                fresh = value * type(value)(1.0)
                self.keep(fresh, self.write("leaf", (), {}, -1, fresh))
                return fresh
        return value

    def binary(self, at: int, sign: str, left: Value, right: Value) -> Value:
        """Carry out a binary operator."""
        name, function = BINARY[sign]
        result = function(left, right)
        if is_number(left) or is_number(right):
            return self.note(_on(left, right, name), (left, right), {}, at, result)
        if sign == "Mult" and type(result) is list:
            # [0.0] * 3 holds one float three times; each becomes a number of its own, made of it
            return [self._anew(at, part) if type(part) is float else part for part in result]
        return result

    def _anew(self, at: int, part: float) -> Value:
        return self.note("float", (part,), {}, at, part * 1.0)

    def unary(self, at: int, sign: str, operand: Value) -> Value:
        """Carry out a unary operator."""
        name, function = UNARY[sign]
        result = function(operand)
        return self.note(name, (operand,), {}, at, result) if is_number(operand) else result

    def compare(self, at: int, sign: str, left: Value, right: Value) -> Value:
        """Compare two values."""
        name, function = COMPARE[sign]
        result = function(left, right)
        if isinstance(result, np.ndarray) and (is_number(left) or is_number(right)):
            return self.note(name, (left, right), {}, at, result)
        for part in (left, right):
            if is_number(part) and np.size(part) == 1 and self.is_known(part):
                self.compared.append((self.entry_of(part), bool(result)))
        return result

    def attribute(self, at: int, owner: Value, name: str) -> Value:
        """Read an attribute: it may be a view of an array, or an array that an object has."""
        result = getattr(owner, name)
        if isinstance(owner, np.ndarray | np.generic):
            if isinstance(result, np.ndarray):
                return self.note("transpose" if name == "T" else name, (owner,), {}, at, result)
        elif is_number(result) and self.is_known(result):
            self.reads.append((len(self.tape), at, self.entry_of(result, at), ()))
        return result

    def apart(self, at: int, value: Value, shape: Value) -> Value:
        """Give a value that is about to be taken apart into names, the rows of an array as such.

        ``shape`` has an entry for each name: None, or the shape of what is taken apart further.
        """
        if isinstance(value, np.ndarray) and value.ndim and is_number(value):
            value = list(self.rows(at, value))
        if isinstance(shape, tuple) and any(shape):
            parts = list(islice(iter(value), len(shape) + 1))
            if len(parts) != len(shape):
                return parts
            return [
                self.apart(at, part, inner) if inner else part
                for part, inner in zip(parts, shape, strict=True)
            ]
        return value

    # assignments

    def set_attribute(self, at: int, value: Value, text: str, owner: Value, name: str) -> None:
        """Give an attribute a value."""
        if isinstance(owner, np.ndarray) and is_number(owner):
            before = self.about_to_change(owner)
            setattr(owner, name, value)
            self.buffer(owner).reshaped()
            known = name == "shape"
            given = (before, list(owner.shape)) if known else ()
            entry = self.write("reshape" if known else "leaf", given, {}, at, owner)
            self.changed(owner, entry, at)
            return
        setattr(owner, name, value)
        if is_number(value):
            self.bound(at, self.frame(), text, value, ("attribute", self.identity(owner), name))
        else:
            self.contents(at, self.frame(), text, value)

    def set_item(self, at: int, value: Value, text: str, owner: Value, index: Value) -> None:
        """Put a value into an array, a list or a dict."""
        if isinstance(owner, np.flatiter) and is_number(owner.base):
            owner, index = owner.base, _unraveled(owner.base, index)
        if isinstance(owner, np.ndarray) and is_number(owner):
            self._put(at, text, owner, index, value)
            return
        owner[index] = value
        if is_number(value):
            self.bound(at, self.frame(), text, value, self.item_of(owner, index))
        else:
            self.contents(at, self.frame(), text, value)

    def _put(self, at: int, text: str, array: Value, index: Value, value: Value) -> None:
        """Write to a part of an array; what is bound is the array that owns the memory."""
        before = self.about_to_change(array)
        places = self.encoded(index if isinstance(index, tuple) else (index,), at)
        given = (before, places, self.encoded(value, at))
        array[index] = value
        self.changed(array, self.write("setitem", given, {}, at, array), at)
        self.rebound(at, text, array)

    def update(self, at: int, text: str, sign: str, old: Value, value: Value) -> Value:
        """Carry out an augmented assignment to a name, and return what the name now means."""
        return self._updated(at, self.frame(), text, sign, old, value)

    def update_global(self, at: int, text: str, sign: str, old: Value, value: Value) -> Value:
        """Carry out a function's augmented assignment to a global name."""
        return self._updated(at, 0, text, sign, old, value)

    def _updated(
        self, at: int, frame: int, text: str, sign: str, old: Value, value: Value
    ) -> Value:
        result = self._in_place(at, sign, old, value)
        if is_number(result):
            location: tuple[Value, ...] = ("name", frame, text)
            if isinstance(result, np.ndarray):
                location = ("memory", id(self.buffer(result)))
            self.bound(at, frame, text, result, location)
        return result

    def _in_place(self, at: int, sign: str, old: Value, value: Value) -> Value:
        name, function = _on(old, value, BINARY[sign][0]), IN_PLACE[sign]
        if isinstance(old, np.ndarray) and is_number(old):
            given = (self.about_to_change(old), self.encoded(value, at))
            result = function(old, value)
            if result is old:
                self.changed(old, self.write(name, given, {}, at, old), at)
                return result
            return self.note(name, (old, value), {}, at, result)
        result = function(old, value)
        if is_number(old) or is_number(value):
            return self.note(name, (old, value), {}, at, result)
        return result

    def old_attribute(self, owner: Value, name: str) -> tuple[Value, str, Value]:
        """Read an attribute that is about to be updated."""
        return owner, name, getattr(owner, name)

    def update_attribute(
        self, at: int, text: str, sign: str, owner: Value, name: str, old: Value, value: Value
    ) -> None:
        """Carry out an augmented assignment to an attribute."""
        result = self._in_place(at, sign, old, value)
        setattr(owner, name, result)
        if is_number(result):
            self.bound(at, self.frame(), text, result, ("attribute", self.identity(owner), name))

    def old_item(self, at: int, owner: Value, index: Value) -> tuple[Value, Value, Value]:
        """Read an item that is about to be updated."""
        return owner, index, self.item(at, owner, index)

    def update_item(
        self, at: int, text: str, sign: str, owner: Value, index: Value, old: Value, value: Value
    ) -> None:
        """Carry out an augmented assignment to an item."""
        result = self._in_place(at, sign, old, value)
        if isinstance(owner, np.flatiter) and is_number(owner.base):
            owner, index = owner.base, _unraveled(owner.base, index)
        if isinstance(owner, np.ndarray) and is_number(owner):
            if result is old and isinstance(result, np.ndarray) and np.shares_memory(old, owner):
                owner[index] = result  # as Python does; nothing changes any more
                self.rebound(at, text, owner)
            else:
                self._put(at, text, owner, index, result)
            return
        owner[index] = result
        if is_number(result):
            self.bound(at, self.frame(), text, result, self.item_of(owner, index))


def _on(left: Value, right: Value, name: str) -> str:
    """Return what an operator means: the star is the matrix product of what numpy calls matrix."""
    matrix = isinstance(left, np.matrix) or isinstance(right, np.matrix)
    return "matmul" if name == "multiply" and matrix and np.ndim(left) and np.ndim(right) else name


def _unraveled(array: Value, index: Value) -> Value:
    """Return a place in a flattened array as one in the array."""
    return np.unravel_index(np.arange(array.size)[index], array.shape)
