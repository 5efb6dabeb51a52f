"""Slips: changes of the true computation, and what a step with some of them gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bptui.check.trials import Case
from bptui.core.activations import ACTIVATIONS
from bptui.core.arrays import Array
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.graph.node import Node, evaluate
from bptui.core.losses import LOSSES
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.step import Step, training_step

ANOTHER_UPDATE = "the update is that of"
"""And the name of an optimizer: its gradients are right."""


@dataclass(frozen=True)
class Cause:
    """What gives the code's numbers in every trial, all together.

    ``slips`` are mistakes of the catalogue, by name, and other deviations as they are said;
    ``lines`` are right lines of code that are edited. Or it is right for another ``network``.
    """

    slips: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    network: Experiment | None = None

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The mistakes of the catalogue among them, in its order."""
        return tuple(name for name in MISTAKES if name in self.slips)

    @property
    def other(self) -> tuple[str, ...]:
        """What is said of the other ones: "the L2 penalty is left out"."""
        return tuple(slip for slip in self.slips if slip not in MISTAKES)


def others_for(experiment: Experiment) -> dict[str, Callable[[], Experiment]]:
    """Return deviations that are not in the catalogue, by what is said about them."""
    training, network = experiment.training, experiment.network
    used, made = network.activations, dict[str, Callable[[], Experiment]]()

    def may_be(said: str, activations: Sequence[str] = used, **settings: object) -> None:
        made[said] = partial(with_settings, experiment, activations, **settings)

    if training.l2:
        may_be("the L2 penalty is left out", l2=0.0)
        half = "the factor 2 of the L2 penalty's gradient is left out"
        may_be(half, l2=0.5 * training.l2)
    if training.learning_rate != 1.0:
        may_be("the learning rate is 1", learning_rate=1.0)
    for name, optimizer in OPTIMIZERS.items():
        if name != training.optimizer and not optimizer.counts:
            may_be(f"{ANOTHER_UPDATE} {name}", optimizer=name, settings=())
    for loss in LOSSES:
        if loss != training.loss:
            may_be(f"the loss is {loss}", loss=loss)
    *hidden, last = used
    whose = "the hidden layer's activation" if len(hidden) == 1 else "the hidden activation"
    for name, activation in ACTIVATIONS.items():
        if any(each != name for each in hidden) and activation.pullback is None:
            may_be(f"{whose} is {name}", [*(name for _ in hidden), last])
        if name != last and (activation.pullback is None or network.layers[-1] > 1):
            may_be(f"the output layer's activation is {name}", [*hidden, name])
    return made


def with_settings(
    experiment: Experiment, activations: Sequence[str], **settings: object
) -> Experiment:
    """Return the experiment with other activations, and other settings of its training."""
    training = replace(experiment.training, **settings)  # type: ignore[arg-type]
    network = replace(experiment.network, activations=tuple(activations))
    return replace(experiment, network=network, training=training)


class Steps:
    """The steps of a case with slips in them, and what they give in each call."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._steps: dict[tuple[str, ...], Step | None] = {}
        self._right: list[dict[Node, Array]] = []

    def step(self, slips: tuple[str, ...] = ()) -> Step | None:
        """Return the step with these slips, made in turn; None where it cannot have them."""
        if slips not in self._steps:
            try:
                self._steps[slips] = self._made(slips)
            except (UnusableError, KeyError, ValueError, TypeError, IndexError):
                self._steps[slips] = None  # there may be no such layer, or no such matrix
        return self._steps[slips]

    def _made(self, slips: tuple[str, ...]) -> Step | None:
        if not slips:
            return training_step(self.case.experiment, self.case.samples)
        *_, last = slips
        before = self.step(slips[:-1])
        if before is None:
            return None
        if last not in MISTAKES:
            return training_step(others_for(before.experiment)[last](), self.case.samples)
        experiment, made = before.experiment, Cause(slips).mistakes
        check_mistakes(made, experiment.network, experiment.training.reduction)
        return MISTAKES[last].rewrite(before)

    def values(
        self, slips: tuple[str, ...], names: Collection[str], calls: int = 99
    ) -> list[dict[str, Array]]:
        """Return what a program gives in each call, by name; nothing where it cannot be made.

        Each call begins with the parameters of its right step, in one life: gradients that are
        never cleared go on from call to call.
        """
        step, made = self.step(slips), list[dict[str, Array]]()
        if step is None:
            return made
        nodes = {name: node for name, node in step.computed.items() if name in names}
        kept = {step.before[name]: step.updated[name] for name in step.updated.keys() - step.nodes}
        slots = {old: np.zeros(old.shape) for old in kept}
        for call in range(min(calls, len(self.case.right))):
            found = evaluate([*nodes.values(), *kept.values()], self._known(step, call) | slots)
            slots = {old: found[new] for old, new in kept.items()}
            made.append({name: np.atleast_1d(found[node]) for name, node in nodes.items()})
        return made

    def _known(self, step: Step, call: int) -> dict[Node, Array]:
        """Return the numbers that a step starts from; those without slips, which most keep, too."""
        right = self.case.right[call]
        data = {name: right.values[name] for name in ("input", "target")}
        given = {**data, **right.parameters.named()}
        if step.experiment is not self.case.experiment:
            return step.given(given)
        while len(self._right) <= call:
            self._right.append({})
        if not self._right[call]:
            plain = training_step(self.case.experiment, self.case.samples)
            self._right[call] = evaluate(plain.nodes.values(), plain.given(given))
        return self._right[call] | step.given(given)
