"""Writes nodes of any graph as numpy code, in the names that a program has for its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from textwrap import wrap
from typing import Any, ClassVar

import numpy as np

from bptui.core.graph.node import (
    CONSTANT,
    LEAF,
    LEVELS,
    PRODUCT,
    STABLE,
    SUM,
    UNARY,
    Node,
    Setting,
    ordered,
    slots,
)

SHORT = 12
"""Numbers of an array that may be written in digits."""
BY_STATEMENTS = ("scatter", "setitem", "add_at")
"""Operations that numpy has as assignments alone."""


class NoCodeError(Exception):
    """Says what cannot be written as code."""


class Code:
    """Writes expressions and statements; ``known`` nodes by their names."""

    own: ClassVar[Mapping[str, str]] = {
        "log_sum_exp": "np.logaddexp.reduce({0}, axis=-1, keepdims=True)"
    }
    """Templates in place of the notation."""

    def __init__(
        self,
        known: Mapping[Node, str],
        array: Callable[[np.ndarray[Any, Any]], str | None] = lambda value: None,
        shape: Callable[[tuple[int, ...]], str] = repr,
        index: Callable[[Setting], str | None] = lambda part: None,
    ) -> None:
        """Take what names an array of whole numbers, if it has a name, and what writes a shape.

        ``index`` writes whole numbers and arrays of them in indices, or leaves that to this.
        """
        self.known, self.array, self.shape, self.index = known, array, shape, index

    def expression(self, node: Node, level: int = SUM) -> str:
        """Return a node, in parentheses where ``level`` binds more tightly than it."""
        return self.known[node] if node in self.known else self.formula(node, level)

    def formula(self, node: Node, level: int = SUM) -> str:
        """Return what a node is computed from."""
        op = node.op
        if op is LEAF:
            raise NoCodeError("a value without a name")
        if op is CONSTANT:
            return self._constant(node, level)
        if op is STABLE or op.name == "positive":
            return self.expression(node.inputs[-1], level)
        if op.name in self.own:
            return self._filled(node, self.own[op.name])
        if op.textbook is not None:
            return self.expression(self.written_out(node), level)
        product = self._of_vectors(node)
        if product is not None:
            return f"({product})" if level > PRODUCT and " @ " in product else product
        if op.name == "reshape" and not node.inputs[0].shape:  # a number may be no array
            return f"np.reshape({self.expression(node.inputs[0])}, {self.shape(node.shape)})"
        if op.notation is None or op.name in BY_STATEMENTS:
            raise NoCodeError(f"what {op.name} gives")
        made = self._filled(node, op.notation.code)
        return f"({made})" if level > op.notation.binds else made

    def written_out(self, node: Node) -> Node:
        """Return what a named expression stands for."""
        body = node.op.body or node.op.textbook
        assert body is not None
        return body(*node.inputs)

    def _filled(self, node: Node, template: str) -> str:
        made = ""
        for text, field, tightly in slots(template):
            made += text
            place = field.partition("!")[0]
            if place.isdecimal():
                made += self.expression(node.inputs[int(place)], LEVELS[tightly])
            elif place == "all":
                made += ", ".join(self.expression(part) for part in node.inputs)
            elif place == "settings":
                made += self._settings(node)
            elif place == "index":
                made += self._index(node)
            elif place == "shape":
                made += self.shape(node.settings["shape"])
            elif place:
                made += repr(node.settings.get(place))
        return made

    def _of_vectors(self, node: Node) -> str | None:
        inner = node.inputs[0] if node.op.name == "reshape" else node
        if inner.op.name != "matmul" or (inner in self.known and inner is not node):
            return None
        left, right = inner.inputs
        row, column = _vector(left), _vector(right)
        if inner is node:
            outer = row and column and (left.shape[1:], right.shape[:-1]) == ((1,), (1,))
            given = ", ".join(self.expression(one) for one in (row, column) if one)
            return f"np.outer({given})" if outer else None
        if len(node.shape) != 1:
            return None
        if row is not None and left.shape[:-1] == (1,):
            return f"{self.expression(row, UNARY)} @ {self.expression(right, UNARY)}"
        if column is not None and right.shape[1:] == (1,):
            return f"{self.expression(left, UNARY)} @ {self.expression(column, UNARY)}"
        return None

    def statements(self, name: str, node: Node) -> list[str]:
        """Return the statements that give a node a name; assignments to parts among them."""
        if node.op.name not in BY_STATEMENTS:
            return [f"{name} = {self.formula(node)}"]
        index = self._index(node)
        if node.op.name == "scatter":
            (value,) = node.inputs
            first = f"{name} = np.zeros({self.shape(node.shape)})"
        else:
            old, value = node.inputs
            first = f"{name} = np.array({self.expression(old)})"
        given = self.expression(value)
        plain = all(isinstance(part, int | slice) for part in _parts(node.settings["index"]))
        if node.op.name == "setitem" or (plain and node.op.name == "scatter"):
            return [first, f"{name}[{index}] = {given}"]
        index = f"np.s_[{index}]" if ":" in index or "," in index else index
        return [first, f"np.add.at({name}, {index}, {given})"]

    def _constant(self, node: Node, level: int) -> str:
        value, code = np.asarray(node.settings["value"]), node.settings.get("code")
        if code:
            return str(code)
        if value.ndim:
            return self._numbers(value)
        written = re.sub("(inf|nan)", r"np.\1", repr(value.item()).removesuffix(".0"))
        return f"({written})" if written[0] == "-" and level > UNARY else written

    def _numbers(self, value: np.ndarray[Any, Any]) -> str:
        named = self.array(value)
        if named is None and value.size > SHORT:
            raise NoCodeError(f"an array of {value.size} numbers without a name")
        return named or f"np.array({value.tolist()})"

    def _settings(self, node: Node) -> str:
        given = dict(node.settings)
        axis = given.get("axis")
        if isinstance(axis, tuple):
            every = len(axis) == len(node.inputs[0].shape)
            given["axis"] = axis[0] if len(axis) == 1 else None if every else axis
        left_out = {"axis": None, "keepdims": False, "ddof": 0}
        shown = ((k, v) for k, v in given.items() if k not in left_out or left_out[k] != v)
        return ", ".join(f"{name}={value!r}" for name, value in shown)

    def _index(self, node: Node) -> str:
        made = []
        for part in _parts(node.settings["index"]):
            whole = part is not None and part is not Ellipsis and not isinstance(part, slice)
            if whole and (written := self.index(part)):
                made.append(written)
            elif isinstance(part, slice):
                ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
                made.append(":".join(ends) + (f":{part.step}" if part.step else ""))
            elif part is Ellipsis or part is None:
                made.append("..." if part is Ellipsis else "None")
            elif isinstance(part, np.ndarray) and part.ndim:
                made.append(self._numbers(part))
            else:
                made.append(str(int(part)))
        return ", ".join(made)


def _vector(node: Node) -> Node | None:
    """Return the vector that a matrix of one row or one column was made of."""
    while node.op.name in ("reshape", "expand_dims", "transpose") and len(node.shape) == 2:
        node = node.inputs[0]
    return node if len(node.shape) == 1 else None


def _parts(index: Setting) -> tuple[Setting, ...]:
    return index if isinstance(index, tuple) else (index,)


def _uses(node: Node) -> list[Node]:
    """Return the inputs of a node, as often as its formula has them."""
    if node.op.textbook is None:
        return [*node.inputs]
    formula = (node.op.body or node.op.textbook)(*node.inputs)
    read = [part for one in ordered([formula], known=node.inputs) for part in one.inputs]
    return [part for part in read if part in node.inputs]


def used_again(outputs: list[Node], known: Mapping[Node, str]) -> list[Node]:
    """Return the formulas that are written more than once, or need statements of their own."""
    counts: dict[Node, int] = {}

    def written_from(node: Node) -> tuple[Node, ...]:
        return () if node in known and node not in outputs else node.inputs

    for node in ordered(outputs, written_from):
        for part in _uses(node) if written_from(node) else ():
            counts[part] = counts.get(part, 0) + 1
    plain = ("transpose", "positive", "negative", "broadcast_to", "reshape")
    return [
        node
        for node, count in counts.items()
        if node not in known and node.op not in (LEAF, CONSTANT)
        if node.op.name in BY_STATEMENTS or (count > 1 and node.op.name not in plain)
        if not _is_element(node, known)
    ]


def _is_element(node: Node, known: Container[Node]) -> bool:
    """Whether a node is written as ``xs[2]``."""
    whole = node.op.name == "getitem" and node.inputs[0] in known
    return whole and all(isinstance(part, int) for part in _parts(node.settings["index"]))


def folded(code: str, width: int) -> list[str]:
    """Write a long assignment over several lines, in parentheses, so that it stays one."""
    found = re.match(r"(.*?) ([-+]?=) ([^#]*)(  # .*)?$", code)
    if len(code) <= width or found is None:
        return [code]
    name, equals, expression, remark = found.groups("")
    inner = wrap(expression, width - 4, break_long_words=False, break_on_hyphens=False)
    return [f"{name} {equals} ({remark}", *(f"    {line}" for line in inner), ")"]
