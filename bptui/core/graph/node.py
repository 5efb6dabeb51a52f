"""Nodes and operations: what is computed, from what, how it is written, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from operator import attrgetter, is_not
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, cast

import numpy as np

SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly an operation binds when it is written down, loosest first; ``@`` as ``*``."""
LEVELS = {"": SUM, "product": PRODUCT, "unary": UNARY, "power": POWER, "atom": ATOM}


class Notation(NamedTuple):
    """How an operation is written: templates with ``{0}``, ``{1}`` for what it is applied to.

    ``{0:product}`` stands in brackets where it binds less tightly than a product, ``{all}`` for all
    inputs, ``{axis}`` for a setting and ``{settings}`` for all of them. ``binds`` is how tightly
    the whole binds.
    """

    code: str
    text: str
    latex: str
    binds: int = ATOM


@cache
def slots(template: str) -> tuple[tuple[str, str, str], ...]:
    """Return the pieces of a template: text, what stands behind it, how tightly that has to bind.

    No slot stands behind the last piece.
    """
    found: list[tuple[str, str, str]] = []
    before = ""
    for text, slot, level, _ in Formatter().parse(template):
        before += text  # it ends at every doubled brace
        if slot is not None:
            found.append((before, slot, level or ""))
            before = ""
    return (*found, (before, "", "")) if before else tuple(found)


Shape: TypeAlias = tuple[int, ...]
Values: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""Numbers of any kind: a graph is evaluated in float64, in complex128 for derivatives."""
Setting: TypeAlias = Any
"""An axis, a shape, an index, subscripts: what numpy takes beside arrays."""
Settings: TypeAlias = Mapping[str, Setting]
Rule: TypeAlias = "Callable[[Node, Node], Sequence[Node | None]]"

SAMPLE_COUNT = "len(target)"
"""How the number of samples is written in numpy."""
NONE: Settings = MappingProxyType({})


class Op(NamedTuple):
    """A kind of operation: everything that anybody wants to know of it, in one entry.

    ``evaluate(*arrays, **settings)`` computes it on real and on complex numbers. ``rule(node, g)``
    gives the nodes of g times the local derivative, one for each input, None where there is none;
    each may still have to be summed over what was broadcast. ``shape(*shapes, **settings)`` tells
    the shape of the result. Of a named expression ``textbook`` writes it in other operations, and
    ``body`` does so in a way that keeps its digits and does not overflow.
    """

    name: str
    evaluate: Callable[..., Values]
    rule: Rule
    shape: Callable[..., Shape]
    notation: Notation | None = None
    ufunc: np.ufunc | None = None
    """Where the operation is one numpy call that takes ``out``."""
    body: Callable[..., Node] | None = None
    textbook: Callable[..., Node] | None = None

    def __call__(self, *inputs: Node, **settings: Setting) -> Node:
        """Return the node of this operation on ``inputs``."""
        shape = self.shape(*(node.shape for node in inputs), **settings)
        return Node(self, inputs, shape, MappingProxyType(settings) if settings else NONE)


OPS: dict[str, Op] = {}
"""All operations by name; every module of operations enters its own."""


def enter(op: Op) -> Op:
    """Put an operation into the table."""
    if op.name in OPS:
        raise ValueError(f"there is an operation {op.name!r} already")
    OPS[op.name] = op
    return op


@dataclass(eq=False, slots=True, repr=False)
class Node:
    """A value: what operation gives it, from which nodes. Immutable, compared by identity.

    ``name`` is that of the quantity (net_h, W1) or of somebody's own variable, ``line`` the line of
    a program that computes it, from 1.
    """

    # mypy holds them final: a frozen one takes four times as long to make
    op: Final[Op]
    inputs: Final[tuple[Node, ...]] = ()
    shape: Final[Shape] = ()
    settings: Final[Settings] = field(default_factory=lambda: NONE)
    name: Final[str] = ""
    line: Final[int] = 0

    def __repr__(self) -> str:
        return f"<{self.name or self.op.name} {self.shape}>"

    def named(self, name: str) -> Node:
        """Return the same value with a name of its own."""
        return Node(self.op, self.inputs, self.shape, self.settings, name, self.line)

    def reading(self, inputs: tuple[Node, ...]) -> Node:
        """Return the same operation on other inputs, without a name."""
        return Node(self.op, inputs, self.shape, self.settings, "", self.line)

    def with_inputs(self, inputs: Iterable[Node]) -> Node:
        """Return the same with other inputs, its name too; itself where they are not others."""
        inputs = tuple(inputs)
        return replace(self, inputs=inputs) if any(map(is_not, inputs, self.inputs)) else self

    # what nobody would write is not built: factors and divisors of 1, terms of 0, double signs

    def __add__(self, other: Node | float) -> Node:
        other = as_node(other)
        if number(self) == 0.0:
            return other
        if number(other) == 0.0:
            return self
        if other.op.name == "negative":
            return self - other.inputs[0]
        return OPS["add"](self, other)

    def __radd__(self, other: float) -> Node:
        return as_node(other) + self

    def __sub__(self, other: Node | float) -> Node:
        other = as_node(other)
        if number(other) == 0.0:
            return self
        if other.op.name == "negative":
            return self + other.inputs[0]
        return OPS["subtract"](self, other)

    def __rsub__(self, other: float) -> Node:
        return as_node(other) - self

    def __mul__(self, other: Node | float) -> Node:
        """Return a product; constants go to the front and are multiplied at once."""
        other = as_node(other)
        one, factor = number(self), number(other)
        if factor is not None:
            return other * self if one is None else constant(one * factor)
        if one == 1.0:
            return other
        if one == -1.0:
            return -other
        if self.op.name == "divide" and number(self.inputs[0]) == 1.0 and not self.name:
            return other / self.inputs[1]
        if other.name or other.op.name not in ("multiply", "divide"):
            return OPS["multiply"](self, other)
        inner, rest = other.inputs
        if other.op.name == "divide":
            same = self.op is CONSTANT and self.settings == rest.settings
            return inner if same else OPS["multiply"](self, other)
        factor = number(inner)
        if factor is None:
            return OPS["multiply"](self, other)
        if one is not None:
            return one * factor * rest
        return OPS["multiply"](inner, self * rest)

    def __rmul__(self, other: float) -> Node:
        return as_node(other) * self

    def __truediv__(self, other: Node | float) -> Node:
        return self if number(other) == 1.0 else OPS["divide"](self, as_node(other))

    def __rtruediv__(self, other: float) -> Node:
        return as_node(other) / self

    def __pow__(self, exponent: Node | float) -> Node:
        return self if number(exponent) == 1.0 else OPS["power"](self, as_node(exponent))

    def __neg__(self) -> Node:
        value, inputs = number(self), self.inputs
        if value is not None:
            return constant(-value)
        if not self.name and self.op.name == "subtract":
            return OPS["subtract"](inputs[1], inputs[0])
        if not self.name and self.op.name == "divide" and inputs[0].op.name == "subtract":
            return -inputs[0] / inputs[1]
        return inputs[0] if self.op.name == "negative" else OPS["negative"](self)

    def __matmul__(self, other: Node) -> Node:
        return OPS["matmul"](self, other)

    @property
    def T(self) -> Node:  # noqa: N802 - numpy's own name
        """Return the transpose; that of a transpose is the node itself again."""
        if self.op.name == "transpose" and not self.settings:
            return self.inputs[0]
        return OPS["transpose"](self)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Node:
        """Sum over ``axis``."""
        return OPS["sum"](self, axis=axis, keepdims=keepdims)


def _no_rule(node: Node, gradient: Node) -> Sequence[Node | None]:
    return [None] * len(node.inputs)


LEAF = Op("leaf", np.asarray, _no_rule, lambda: ())
CONSTANT = Op(
    "constant", lambda value, **_: np.asarray(value), _no_rule, lambda value, **_: np.shape(value)
)


def leaf(name: str, shape: Shape = (), role: str = "data") -> Node:
    """Return a node whose value is given: a parameter, data, or a setting."""
    return Node(LEAF, (), shape, MappingProxyType({"role": role}), name)


def constant(value: object, text: str = "", code: str = "") -> Node:
    """Return the node of a number, or of an array of numbers.

    ``text`` and ``code`` are how it is written where that is not in digits.
    """
    return CONSTANT(value=value, text=text, code=code) if text or code else CONSTANT(value=value)


def samples(count: int) -> Node:
    """Return the number of samples of a batch."""
    return constant(float(count), code=SAMPLE_COUNT) if count > 1 else constant(1.0)


def as_node(value: Node | float) -> Node:
    return value if isinstance(value, Node) else constant(float(value))


def number(node: Node | float) -> float | None:
    """Return the number that a constant is in digits; None for everything else."""
    if not isinstance(node, Node):
        return float(node)
    if node.op is not CONSTANT or node.shape or "code" in node.settings:
        return None
    value = node.settings["value"]
    return float(value) if isinstance(value, int | float | np.floating | np.integer) else None


def stable(shown: Node, computed: Node) -> Node:
    """Return ``shown``, a textbook's way to write it, computed in the way that keeps its digits."""
    return STABLE(shown, computed)


STABLE = Op(
    "stable",
    lambda computed: computed,
    lambda node, g: [g, None],
    lambda shown, computed: shown,
    Notation("{1}", "{0}", "{0}"),
)


def computed_from(node: Node) -> tuple[Node, ...]:
    """Return the inputs that the value of a node is computed from."""
    return node.inputs[1:] if node.op is STABLE else node.inputs


def shown_from(node: Node) -> tuple[Node, ...]:
    """Return the inputs that a node is written with."""
    return node.inputs[:1] if node.op is STABLE else node.inputs


def ordered(
    outputs: Iterable[Node],
    inputs: Callable[[Node], tuple[Node, ...]] = attrgetter("inputs"),
    known: Container[Node] = (),
) -> list[Node]:
    """Return every node that ``outputs`` depend on, inputs before what uses them, each once.

    Those ``known`` are left out, with what only they depend on.
    """
    found: dict[Node, None] = {}
    stack = [node for node in outputs if node not in known][::-1]
    while stack:
        node, height = stack[-1], len(stack)
        if node not in found:
            for source in reversed(inputs(node)):
                if source not in found and source not in known:
                    stack.append(source)
            if len(stack) > height:
                continue
            found[node] = None
        stack.pop()
    return list(found)


def evaluate(outputs: Iterable[Node], values: Mapping[Node, Values]) -> dict[Node, Values]:
    """Return the value of every node that ``outputs`` depend on, given those of the leaves.

    Any node may be given: it is not computed then. Raises :class:`KeyError` for a leaf that is not.
    """
    return carried_out(ordered(outputs, computed_from, values), values)


def carried_out(order: Iterable[Node], values: Mapping[Node, Values]) -> dict[Node, Values]:
    """Return the values of nodes in their :func:`ordered` turn, and those given, as above."""
    known = dict(values)
    with np.errstate(all="ignore"):
        for node in order:
            if node.op is LEAF:
                raise KeyError(node.name)
            arrays = [known[source] for source in computed_from(node)]
            known[node] = np.asarray(node.op.evaluate(*arrays, **node.settings))
    return known


def broadcast(*shapes: Shape, **settings: Setting) -> Shape:
    """Return the shape of an operation element by element."""
    different = {*shapes} - {()}
    if len(different) < 2:
        return different.pop() if different else ()  # by far the most, and numpy takes its time
    return cast(Shape, np.broadcast_shapes(*shapes))
