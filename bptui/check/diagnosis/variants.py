"""What can be wrong with code: the mistakes of the catalogue, and what else is put for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bptui.check.diagnosis.findings import Cause
from bptui.core.activations import ACTIVATIONS
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES

TRAINED = "what the preset keeps frozen is trained"

TRAINED = "what the preset keeps frozen is trained"
Change: TypeAlias = Callable[[Experiment], Experiment]


@dataclass(frozen=True)
class Other:
    """A deviation that is not in the catalogue; ``layers`` says whose activation it changes."""

    change: Change
    layers: Literal["none", "hidden", "output"] = "none"


def others_for(experiment: Experiment) -> dict[str, Other]:
    """Deviations that are not in the catalogue, by what is said about them."""
    training, network = experiment.training, experiment.network
    made: dict[str, Other] = {}
    if training.l2:
        made["the L2 penalty is left out"] = Other(_penalty(0.0))
        made["the factor 2 of the L2 penalty's gradient is left out"] = Other(_penalty(0.5))
    for loss in LOSSES:
        if loss != training.loss:
            made[f"the loss is {loss}"] = Other(_loss(loss))
    hidden, last = network.activations[:-1], network.activations[-1]
    whose = "the hidden layer's activation" if len(hidden) == 1 else "the hidden activation"
    for name in ACTIVATIONS:
        if any(each != name for each in hidden):
            made[f"{whose} is {name}"] = Other(_hidden(name), "hidden")
        if name != last and (ACTIVATIONS[name].pullback is None or network.layers[-1] > 1):
            made[f"the output layer's activation is {name}"] = Other(_output(name), "output")
    if training.train_weights is not True or training.train_biases is not True:
        made[TRAINED] = Other(_trained)
    return made


def with_cause(experiment: Experiment, cause: Cause) -> Experiment:
    """The experiment with what is wrong with it.

    Raises :class:`~bptui.core.errors.UnusableError` where that cannot be made in its network.
    """
    changes = others_for(experiment) if cause.other else {}
    for name in cause.other:
        if name not in changes:
            raise UnusableError("other", name, "a deviation possible here")
        experiment = changes[name].change(experiment)
    if not cause.mistakes:
        return experiment
    return replace(experiment, training=replace(experiment.training, mistakes=cause.mistakes))


def _penalty(factor: float) -> Change:
    def change(experiment: Experiment) -> Experiment:
        training = experiment.training
        return replace(experiment, training=replace(training, l2=factor * training.l2))

    return change


def _loss(name: str) -> Change:
    return lambda experiment: replace(experiment, training=replace(experiment.training, loss=name))


def _activations(experiment: Experiment, names: tuple[str, ...]) -> Experiment:
    return replace(experiment, network=replace(experiment.network, activations=names))


def _hidden(name: str) -> Change:
    def change(experiment: Experiment) -> Experiment:
        last = experiment.network.activations[-1]
        return _activations(experiment, (name,) * (experiment.network.depth - 1) + (last,))

    return change


def _output(name: str) -> Change:
    return lambda experiment: _activations(experiment, (*experiment.network.activations[:-1], name))


def _trained(experiment: Experiment) -> Experiment:
    training = replace(experiment.training, train_weights=True, train_biases=True)
    return replace(experiment, training=training)
