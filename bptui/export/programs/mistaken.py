"""The step of an experiment with its mistakes and without, and which of them make a difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLES, STABLE, ordered
from bptui.core.losses import TERMS
from bptui.core.mistakes import with_mistakes
from bptui.core.step import training_step
from bptui.explain.expression import (
    Constant,
    Expression,
    Product,
    Quotient,
    quantities,
    times,
)
from bptui.explain.formulas import define
from bptui.export.programs.lines import comment, commented

SEVERAL = 2
"""Samples of a graph that stands for any number of them."""


class Version:
    """A step with some of an experiment's mistakes: its formulas, by what they compute.

    ``updates`` are those of each parameter that changes, ``early`` the parameters whose new values
    gradients are computed from, ``slots`` what is remembered, with its variable.
    """

    def __init__(
        self, experiment: Experiment, mistakes: tuple[str, ...] = (), samples: int = SEVERAL
    ) -> None:
        experiment = replace(experiment, training=replace(experiment.training, mistakes=mistakes))
        step = with_mistakes(training_step(experiment, samples), mistakes)
        # a loss is computed as the engine does
        losses = [each for each in ordered(step.outputs) if each.op is STABLE]
        quick = {each: each.inputs[1] for each in losses if each.inputs[0].op in TERMS.values()}
        self.step = step = step.with_changes(quick)
        formulas = define(step, saturated=True)
        self.definitions = {
            name: _as_mean(formula) for name, formula in formulas.definitions.items()
        }
        self.updates = {name: formulas.updates(name) for name in step.changed}
        needed = {*ordered(step.nodes[name] for name in step.gradients)}
        self.needed = {name for name, node in step.nodes.items() if node in needed}
        self.early = {name for name, node in step.changed.items() if node in needed}
        self.slots = {
            slot: next((name for name, node in step.nodes.items() if node is after), slot)
            for slot, after in step.updated.items()
            if slot not in step.nodes and after is not step.before[slot]
        }

    def reads_new(self, name: str) -> list[str]:
        """Return the parameters whose new values a quantity is computed from."""
        return [each.name for each in quantities(self.definitions[name]) if each.new]


def _as_mean(formula: Expression) -> Expression:
    """Return 1 / n times a sum as the sum divided by the number of samples."""
    match formula:
        case Product((Constant(_, _, code), *rest)) if code == f"1 / {SEVERAL}":
            return Quotient(times(*rest), Constant(float(SEVERAL), code=SAMPLES))
        case _:
            return formula


class Versions:
    """The step without mistakes, with all of them, and with some where it matters which."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment, self.mistakes = experiment, experiment.training.mistakes
        self._made: dict[tuple[str, ...], Version] = {}
        self.right, self.wrong = self.version(()), self.version(self.mistakes)
        self.shown: set[str] = set()
        """The mistakes that make a line wrong."""

    def version(self, mistakes: tuple[str, ...]) -> Version:
        if mistakes not in self._made:
            data = self.experiment.data
            several = data.samples > 1 or len(data.test_inputs)
            self._made[mistakes] = Version(self.experiment, mistakes, SEVERAL if several else 1)
        return self._made[mistakes]

    def blamed(self, look: Callable[[Version], object]) -> str:
        """Name the mistakes that make what ``look`` sees another than the right one."""
        right, wrong = look(self.right), look(self.wrong)
        if right == wrong:
            return ""
        without = {
            each: tuple(other for other in self.mistakes if other != each) for each in self.mistakes
        }
        needed = [each for each in self.mistakes if look(self.version(without[each])) != wrong]
        # of two that do the same thing neither is needed, and both are to blame
        found = needed or [each for each in self.mistakes if look(self.version((each,))) != right]
        self.shown.update(found)
        return ", ".join(found)

    def statement(self, write: Callable[[Version], list[str]]) -> list[str]:
        """Return the lines of a statement; above wrong ones the mistakes' names and the right."""
        blamed = self.blamed(write)
        if not blamed:
            return write(self.right)
        head = comment(f"MISTAKE {blamed}; should be:")
        return [*head, *commented(write(self.right)), *write(self.wrong)]
