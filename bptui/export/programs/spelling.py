"""Formulas as code of a program: in its own names, with functions for what is applied by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from bptui.core.activations import ACTIVATIONS, APPLIED
from bptui.core.graph.node import SAMPLES, leaf
from bptui.core.network import Network
from bptui.explain.code import NumpyPrinter
from bptui.explain.expression import (
    ONE,
    Activated,
    Choice,
    Constant,
    Expression,
    Function,
    LogSumExp,
    Maximum,
    Minimum,
    Negative,
    Quantity,
    Quotient,
    Setting,
    Stable,
    Sum,
    children,
)
from bptui.explain.formulas import formula_of
from bptui.explain.printer import Path, Token, operator
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols
from bptui.export.programs.lines import docstring, folded, indented

Words: TypeAlias = Mapping[Expression, str]
"""What quantities and parts of formulas are called."""
CALLS = (Function, Activated, Maximum, Minimum, Choice, LogSumExp)
"""What is worth a variable where it is read twice."""


@dataclass(frozen=True)
class CodePrinter(NumpyPrinter):
    """Writes code in a program's own words."""

    words: Words = field(default_factory=dict)

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        if node in self.words:
            return [operator(self.words[node])]
        if isinstance(node, Activated) and not is_inline(node):
            name = node.name.replace("'", "_derivative")
            return self.filled(f"{name}(«0»)", node, path, nest)
        return super().written(node, level, path, nest)

    def leaf(self, node: Expression) -> Token:
        match node:
            case Quantity(name):
                return operator(self.words.get(Quantity(name), name.replace("/", "_")))
            case Setting(name):
                return operator(name.upper())
            case Constant(_, _, code) if code == SAMPLES:
                return operator("len(t)")
        return super().leaf(node)


class TorchPrinter(CodePrinter):
    """Writes the same with torch's names for operations."""

    calls: ClassVar[Mapping[str, str]] = {
        **NumpyPrinter.calls,
        "": "torch.name(«0»)",
        "ln": "torch.log(«0»)",
        # beyond its default threshold, 20, torch takes z itself, which differs in digit ten
        "ln_one_plus_exp": "functional.softplus(«0», threshold=40)",
        # where both are equal the derivative is that of the second
        "Maximum": "torch.where(«0» <= «1», «1», «0»)",
        "Minimum": "torch.where(«0» >= «1», «1», «0»)",
        "Choice": "torch.where(«0» > 0, «1», «2»)",
        "LogSumExp": "torch.logsumexp(«0», dim=1, keepdim=True)",
        "Total": "torch.sum(«0»)",
    }

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Quotient(one, Sum((other, Function("exp", Negative(of))))) if one == other == ONE:
                return [operator("torch.sigmoid("), *self.tokens(of), operator(")")]
            case Constant(value, _, code) if "np." in code:
                return [operator(repr(value))]
        return super().written(node, level, path, nest)


class Speller:
    """Writes the formulas of a network as code of numpy, or of torch."""

    def __init__(self, network: Network, torch: bool = False) -> None:
        self.network, self.printer = network, TorchPrinter if torch else CodePrinter
        self.words: dict[Expression, str] = {Quantity("input"): "x", Quantity("target"): "t"}

    def code(self, formula: Expression, words: Words | None = None) -> str:
        """Return Python for a formula, with further ``words`` here."""
        every = {**self.words, **(words or {})}
        printer = self.printer(Symbols(self.network.names), Scope({}, {}), words=every)
        # formatters set powers of single names close
        return re.sub(r"([\w.]+) \*\* ([\w.]+)", r"\1**\2", printer.code(formula))

    def function(
        self, head: str, result: Expression, about: str = "", words: Words | None = None
    ) -> str:
        """Return a function; what its result reads twice is a variable there."""
        lines = docstring(about) if about else []
        shared = variables(result)
        for part, name in [*reversed(shared.items()), (result, "")]:
            others = {key: other for key, other in shared.items() if key != part}
            start = f"{name} = " if name else "return "
            lines += folded(start, self.code(part, {**(words or {}), **others}))
        return "\n".join([f"def {head}:", *indented(lines)])

    def functions(self, text: str) -> list[str]:
        """Return those that ``text`` calls of the activations and their derivatives."""
        found: dict[str, str] = {}
        for name in dict.fromkeys(self.network.activations):
            entry, z = ACTIVATIONS[name], leaf("z", (2, 2))
            a = APPLIED[name](z)
            (body,) = children(formula_of(a))[1:]
            found[name] = self.function(f"{name}(z)", body, entry.note and f"{entry.note}.")
            if entry.slope is not None:
                slope = formula_of(entry.slope(z, a))
                found[f"{name}_derivative"] = self.function(f"{name}_derivative(z)", slope)
        called = _calls(text)
        for name, function in found.items():
            called |= _calls(function) if name in called else set()
        return [function for name, function in found.items() if name in called]


def _calls(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])\w+(?=\()", text))


def is_inline(applied: Activated) -> bool:
    """Whether it is so short that it needs no function of its own."""
    return isinstance(applied.body, Function | Quantity)


def read_by(formula: Expression) -> list[str]:
    """Return the quantities in a formula's code, in the order of reading."""
    if isinstance(formula, Quantity):
        return [formula.name]
    return [*dict.fromkeys(name for part in _parts(formula) for name in read_by(part))]


def _parts(node: Expression) -> tuple[Expression, ...]:
    """Return the parts of a formula that stand in its code."""
    match node:
        case Activated(_, argument, body):
            return (body if is_inline(node) else argument,)
        case Stable(_, computed):
            return (computed,)
        case _:
            return children(node)


def variables(formula: Expression) -> dict[Expression, str]:
    """Return names for the calls that a formula reads more than once, inner ones last."""
    found: dict[Expression, str] = {}
    names = iter("uvwpqrs")
    while True:
        counted = Counter[Expression]()
        stack = [part for each in (formula, *found) for part in _parts(each)]
        while stack:
            node = stack.pop()
            if node not in found:
                counted[node] += 1
                stack += _parts(node)
        twice = [node for node, count in counted.items() if count > 1 and isinstance(node, CALLS)]
        if not twice:
            return found
        largest = max(twice, key=lambda node: len(repr(node)))
        found[largest] = "a" if isinstance(largest, Activated) else next(names)
