"""The formulas of a step as code of a program, with its mistakes and without them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar, TypeAlias

from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLE_COUNT, STABLE, ordered
from bptui.core.losses import TERMS
from bptui.core.mistakes import mistaken_step
from bptui.explain.expression import (
    Apply,
    Constant,
    Expression,
    Path,
    Quantity,
    Setting,
    is_op,
    times,
)
from bptui.explain.formulas import define
from bptui.explain.printer import NumpyPrinter, Token, operator
from bptui.export.layout import comment, commented

Words: TypeAlias = Mapping[Expression, str]
"""What quantities and parts of formulas are called."""
SEVERAL = 2
"""Samples of a graph that stands for any number of them."""


def words(names: Mapping[str, str]) -> dict[Expression, str]:
    """Return words for quantities by their names."""
    return {Quantity(name): word for name, word in names.items()}


@dataclass(frozen=True)
class CodePrinter(NumpyPrinter):
    """Writes code in a program's own words."""

    words: Words = field(default_factory=dict)

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        if node in self.words:
            return [operator(self.words[node])]
        return super().written(node, level, path, nest)

    def leaf(self, node: Expression) -> Token:
        match node:
            case Setting(name):
                return operator(name.upper())
            case Constant(_, _, code) if code == SAMPLE_COUNT:
                return operator("len(t)")
        return super().leaf(node)

    def spelled(self, formula: Expression) -> str:
        """Return Python for a formula; formatters set powers of single names close."""
        return re.sub(r"([\w.]+) \*\* ([\w.]+)", r"\1**\2", self.code(formula))


class TorchPrinter(CodePrinter):
    """Writes the same with torch's names for operations."""

    own: ClassVar[Mapping[str, str]] = {
        **NumpyPrinter.own,
        # beyond its default threshold, 20, torch takes z itself, which differs in digit ten
        "ln_one_plus_exp": "torch.nn.functional.softplus({0}, threshold=40)",
        # where both are equal the derivative is that of the second
        "maximum": "torch.where({0} <= {1}, {1}, {0})",
        "minimum": "torch.where({0} >= {1}, {1}, {0})",
        "log_sum_exp": "torch.logsumexp({0}, dim=1, keepdim=True)",
    }

    def called(self, name: str) -> str:
        return super().called(name).replace("np.", "torch.")

    def written(self, node: Expression, level: int, path: Path, nest: int) -> list[Token]:
        match node:
            case Apply(
                "divide",
                (Constant(1.0), Apply("add", (Constant(1.0), Apply("exp", (exponent,))))),
            ) if is_op(exponent, "negative"):
                return self.filled("torch.sigmoid({0})", exponent, path, nest)
            case Constant(value, _, code) if "np." in code:
                return [operator(repr(value))]
        return super().written(node, level, path, nest)


class Version:
    """A step with some of an experiment's mistakes: its formulas, by what they compute.

    ``updates`` are those of each parameter that changes, ``early`` the parameters whose new values
    gradients are computed from, ``slots`` what is remembered, with its variable.
    """

    def __init__(self, experiment: Experiment, mistakes: tuple[str, ...], samples: int) -> None:
        step = mistaken_step(experiment.with_training(mistakes=mistakes), samples)
        # a loss is computed as the engine does
        losses = [node for node in ordered(step.outputs) if node.op is STABLE]
        quick = {node: node.inputs[1] for node in losses if node.inputs[0].op in TERMS.values()}
        self.step = step = step.with_changes(quick)
        self.formulas = formulas = define(step, saturated=True)
        self.definitions = {name: _as_mean(made) for name, made in formulas.definitions.items()}
        self.updates = {name: formulas.updates(name) for name in step.changed}
        needed = {*ordered(step.nodes[name] for name in step.gradients)}
        self.needed = {name for name, node in step.nodes.items() if node in needed}
        self.early = {name for name, node in step.changed.items() if node in needed}
        self.slots = {
            slot: next((name for name, node in step.nodes.items() if node is after), slot)
            for slot, after in step.updated.items()
            if slot not in step.nodes and after is not step.before[slot]
        }


def _as_mean(formula: Expression) -> Expression:
    """Return 1 / n times a sum as the sum divided by the number of samples."""
    match formula:
        case Apply("multiply", (Constant(_, _, code), *rest)) if code == f"1 / {SEVERAL}":
            return Apply("divide", (times(*rest), Constant(float(SEVERAL), code=SAMPLE_COUNT)))
    return formula


class Versions:
    """The step without mistakes, with all of them, and with some where it matters which."""

    def __init__(self, experiment: Experiment, any_number: bool = False) -> None:
        data, self.mistakes = experiment.data, experiment.training.mistakes
        samples = SEVERAL if any_number or data.samples > 1 or len(data.test_inputs) else 1
        self.version = cache(lambda mistakes: Version(experiment, mistakes, samples))
        """Returns the step with these mistakes."""
        self.right, self.wrong = self.version(()), self.version(self.mistakes)
        self.shown: set[str] = set()
        """The mistakes that make a line wrong."""

    def blamed(self, look: Callable[[Version], object]) -> str:
        """Name the mistakes that make what ``look`` sees another than the right one."""
        right, wrong = look(self.right), look(self.wrong)
        if right == wrong:
            return ""
        alone = [name for name in self.mistakes if look(self.version((name,))) != right]
        found = alone or self.mistakes
        self.shown.update(found)
        return ", ".join(found)

    def statement(self, write: Callable[[Version], list[str]]) -> list[str]:
        """Return the lines of a statement; above wrong ones the mistakes' names and the right."""
        blamed = self.blamed(write)
        if not blamed:
            return write(self.right)
        head = comment(f"MISTAKE {blamed}; should be:")
        return [*head, *commented(write(self.right)), *write(self.wrong)]
