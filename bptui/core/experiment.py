"""An experiment: everything that determines a training run, validated and immutable."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bptui.core.batches import BatchSchedule
from bptui.core.data import Data, check_data
from bptui.core.errors import UnusableError, require
from bptui.core.losses import LOSSES, Loss
from bptui.core.mistakes import check_mistakes
from bptui.core.network import Network, Parameters, check_parameters
from bptui.core.optimizers import OPTIMIZERS, Optimizer

MOST_STEPS = 1_000_000_000


@dataclass(frozen=True)
class Training:
    """How the network is trained. ``settings`` are the optimizer's, complete, by name."""

    loss: str = "half_squared_error"
    reduction: str = "mean"
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    settings: tuple[tuple[str, float], ...] = ()
    l2: float = 0.0
    steps: int = 1000
    batch_size: int | None = None
    shuffle: bool = False
    seed: int = 0
    train_weights: tuple[bool, ...] | bool = True
    train_biases: tuple[bool, ...] | bool = True
    mistakes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.loss in LOSSES, "training.loss", self.loss, f"one of {', '.join(LOSSES)}")
        require(
            self.reduction in ("mean", "sum"), "training.reduction", self.reduction, "mean or sum"
        )
        require(
            self.optimizer in OPTIMIZERS,
            "training.optimizer",
            self.optimizer,
            f"one of {', '.join(OPTIMIZERS)}",
        )
        for key, value in (("learning_rate", self.learning_rate), ("l2", self.l2)):
            require(
                math.isfinite(value) and value >= 0.0,
                f"training.{key}",
                value,
                "a finite number, 0 or more",
            )
        require(0 <= self.steps <= MOST_STEPS, "training.steps", self.steps, f"0 to {MOST_STEPS:,}")
        require(0 <= self.seed < 2**63, "training.seed", self.seed, "a whole number, 0 or more")
        self._check_settings()

    def _check_settings(self) -> None:
        defaults = OPTIMIZERS[self.optimizer].defaults
        for name, value in self.settings:
            key = f"training.{name}"
            if name not in defaults:
                takes = f"it takes {', '.join(defaults)}" if defaults else "it takes none"
                raise UnusableError(
                    key, f"a setting that {self.optimizer} does not have", f"no such key; {takes}"
                )
            if name == "epsilon":  # 0 would divide 0 by 0 where a gradient is 0
                valid, span = math.isfinite(value) and value > 0.0, "a finite number above 0"
            else:
                valid, span = 0.0 <= value < 1.0, "at least 0 and below 1"
            require(valid, key, value, span)
        complete = {**defaults, **dict(self.settings)}
        object.__setattr__(self, "settings", tuple(complete.items()))


@dataclass(frozen=True, eq=False)
class Experiment:
    """A network, its start values, how it is trained and on what.

    Raises :class:`~bptui.core.errors.UnusableError` where the parts do not fit each other.
    """

    name: str
    network: Network
    start: Parameters
    training: Training
    data: Data
    title: str = ""
    description: str = ""
    source: str = ""
    origin: object = None
    """What it was made from, for those who write it down again; the core never looks at it."""
    schedule: BatchSchedule = field(init=False)

    def __post_init__(self) -> None:
        check_parameters(self.start, self.network)
        check_data(self.data, self.network)
        training, samples = self.training, self.data.samples
        batch_size = samples if training.batch_size is None else training.batch_size
        require(
            1 <= batch_size <= samples,
            "training.batch_size",
            batch_size,
            f"1 to {samples}, the number of samples",
        )
        refusal = self.loss.refusal(self.network.output_activation)
        if refusal is not None:
            raise UnusableError(
                "training.loss",
                f"{training.loss} after {self.network.activations[-1]}",
                f"a loss that fits the output activation: {refusal}",
            )
        low, high = self.loss.target_range
        for targets in (self.data.targets, self.data.test_targets):
            outside = targets[(targets < low) | (targets > high)]
            if outside.size:
                span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
                raise UnusableError(
                    self.data.key("targets"),
                    f"the target {outside[0]:g}",
                    f"targets {span} for {training.loss}",
                )
        check_mistakes(training.mistakes, self.network, training.reduction)
        for key in ("train_weights", "train_biases"):
            switches = getattr(training, key)
            if isinstance(switches, tuple):
                require(
                    len(switches) == self.network.depth,
                    f"training.{key}",
                    f"{len(switches)} switches",
                    f"{self.network.depth}, one a layer, or a single true or false",
                )
        schedule = BatchSchedule(samples, batch_size, training.shuffle, training.seed)
        object.__setattr__(self, "schedule", schedule)

    @property
    def loss(self) -> Loss:
        return LOSSES[self.training.loss]

    @property
    def optimizer(self) -> Optimizer:
        return OPTIMIZERS[self.training.optimizer]

    def trains_weights(self, layer: int) -> bool:
        """Whether the update changes the weights of ``layer`` (from 1), mistakes included."""
        return _switch(self.training.train_weights, layer) and not self._frozen_by_mistake(layer)

    def trains_biases(self, layer: int) -> bool:
        """Whether the update changes the biases of ``layer`` (from 1), mistakes included."""
        return (
            self.network.bias
            and _switch(self.training.train_biases, layer)
            and "bias-not-updated" not in self.training.mistakes
            and not self._frozen_by_mistake(layer)
        )

    def _frozen_by_mistake(self, layer: int) -> bool:
        mistakes = self.training.mistakes
        return (layer == 1 and "frozen-first-layer" in mistakes) or (
            layer == self.network.depth and "frozen-last-layer" in mistakes
        )


def _switch(switches: tuple[bool, ...] | bool, layer: int) -> bool:
    return switches if isinstance(switches, bool) else switches[layer - 1]
