"""Formulas as code of a program: in its own names, with functions for what is applied by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from textwrap import indent

from bptui.core.activations import ACTIVATIONS, APPLIED
from bptui.core.derivation.code import expression_code
from bptui.core.derivation.expression import (
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
    Total,
    children,
    quantities,
)
from bptui.core.derivation.formulas import TINY_CODE, formula_of
from bptui.core.derivation.symbols import Symbols
from bptui.core.graph.node import SAMPLES, leaf
from bptui.core.network import Network
from bptui.export.programs.lines import INDENT, docstring, folded

CALLS = (Function, Activated, Maximum, Minimum, Choice, LogSumExp)
"""What is worth a variable where it is read twice."""
CONSTANTS = {SAMPLES: "len(t)", TINY_CODE: "TINY"}
"""What stands in a program for numbers that are not written in digits."""
Names = Mapping[Expression, str]


class Speller:
    """Writes formulas of a network as code of numpy, or of torch."""

    def __init__(self, network: Network, torch: bool = False) -> None:
        self.network, self.torch = network, torch
        names = network.names
        self.weights = [names.weights(layer) for layer in range(1, network.depth + 1)]
        self.symbols = Symbols(names)
        self.called = {"input": "x", "target": "t"}
        """Quantities that have another name in the program."""

    def name(self, quantity: str) -> str:
        return self.called.get(quantity, self.symbols.code(quantity))

    def code(self, formula: Expression, names: Names | None = None) -> str:
        """Return Python for a formula; ``names`` are what parts of it are called here."""
        given = names or {}

        def inner(part: Expression) -> str:
            return expression_code(part, self.symbols, spell=spell)

        def spell(part: Expression) -> str | None:
            if part in given:
                return given[part]
            match part:
                case Quantity(name):
                    return self.name(name)
                case Setting(name):
                    return name.upper()
                case Constant(value, _, text) if text in CONSTANTS or (
                    self.torch and "np." in text
                ):
                    return CONSTANTS.get(text, repr(value))
                case Activated(name, argument) if not _is_inline(part):
                    return f"{_function_name(name)}({inner(argument)})"
                case Sum(terms) if {each.name for each in quantities(part)} == {*self.weights}:
                    first = Quantity(self.weights[0])
                    return f"sum({self.code(terms[0], {first: 'W'})} for W in WEIGHTS)"
            return _in_torch(part, inner) if self.torch else None

        # formatters set powers of single names close
        written = expression_code(formula, self.symbols, spell=spell)
        return re.sub(r"([\w.]+) \*\* ([\w.]+)", r"\1**\2", written)

    def function(
        self, head: str, result: Expression, about: str = "", names: Names | None = None
    ) -> str:
        """Return a function; what its result reads twice is a variable there."""
        lines = docstring(about) if about else []
        shared = variables(result)
        for part, name in reversed(shared.items()):
            others = {key: other for key, other in shared.items() if key != part}
            lines += folded(f"{name} = ", self.code(part, {**(names or {}), **others}))
        lines += folded("return ", self.code(result, {**(names or {}), **shared}))
        return f"def {head}:\n" + indent("\n".join(lines), INDENT) + "\n"

    def functions(self, text: str) -> list[str]:
        """Return those that ``text`` calls of the activations and their derivatives."""
        found: dict[str, str] = {}
        for name in dict.fromkeys(self.network.activations):
            entry, z = ACTIVATIONS[name], leaf("z", (2, 2))
            a = APPLIED[name](z)
            applied = formula_of(a)
            assert isinstance(applied, Activated)
            found[name] = self.function(f"{name}(z)", applied.body, entry.note and f"{entry.note}.")
            if entry.slope is not None:
                slope = formula_of(entry.slope(z, a))
                found[f"{name}_derivative"] = self.function(f"{name}_derivative(z)", slope)
        called = _calls(text)
        for name, function in found.items():
            called |= _calls(function) if name in called else set()
        return [function for name, function in found.items() if name in called]


def _function_name(applied: str) -> str:
    """Return ``tanh_derivative`` for tanh'."""
    return applied.replace("'", "_derivative")


def _calls(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w.])\w+(?=\()", text))


def _is_inline(applied: Activated) -> bool:
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
            return (body if _is_inline(node) else argument,)
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


def _in_torch(node: Expression, code: Callable[[Expression], str]) -> str | None:
    """Return what torch has for an operation; None where it is written as in numpy."""
    match node:
        case Quotient(one, Sum((other, Function("exp", Negative(of))))) if one == other == ONE:
            return f"torch.sigmoid({code(of)})"
        case Function("ln_one_plus_exp", of):
            # beyond its default threshold, 20, torch takes z itself, which differs in digit ten
            return f"functional.softplus({code(of)}, threshold=40)"
        case Function(name, of):
            return f"torch.{'log' if name == 'ln' else name}({code(of)})"
        case LogSumExp(of):
            return f"torch.logsumexp({code(of)}, dim=1, keepdim=True)"
        case Maximum(of, Constant(0.0)):
            return f"torch.relu({code(of)})"
        case Maximum(first, second) | Minimum(first, second):
            # where they are equal the derivative is that of the second
            sign = "<=" if isinstance(node, Maximum) else ">="
            return (
                f"torch.where({code(first)} {sign} {code(second)}, {code(second)}, {code(first)})"
            )
        case Choice(condition, positive, otherwise):
            return f"torch.where({code(condition)} > 0, {code(positive)}, {code(otherwise)})"
        case Total(of, None):
            return f"torch.sum({code(of)})"
        case _:
            return None
