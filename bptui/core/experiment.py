"""An experiment: everything that determines a training run, validated and immutable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from bptui.core.data import BatchSchedule, Data, check_data
from bptui.core.errors import MOST_IN_BATCH, MOST_STEPS, UnusableError, require
from bptui.core.losses import LOSSES, Loss
from bptui.core.mistakes import MISTAKES, check_mistakes
from bptui.core.network import Network, Parameters, check_parameters
from bptui.core.optimizers import OPTIMIZERS, Optimizer


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
        for key, value, known in (
            ("loss", self.loss, tuple(LOSSES)),
            ("reduction", self.reduction, ("mean", "sum")),
            ("optimizer", self.optimizer, tuple(OPTIMIZERS)),
        ):
            expected = "mean or sum" if key == "reduction" else f"one of {', '.join(known)}"
            require(value in known, f"training.{key}", value, expected)
        for key in ("learning_rate", "l2"):
            number = getattr(self, key)
            valid = math.isfinite(number) and number >= 0.0
            require(valid, f"training.{key}", number, "a finite number, 0 or more")
        require(0 <= self.steps <= MOST_STEPS, "training.steps", self.steps, f"0 to {MOST_STEPS:,}")
        require(0 <= self.seed < 2**63, "training.seed", self.seed, "a whole number, 0 or more")
        defaults = OPTIMIZERS[self.optimizer].defaults
        takes = f"takes {', '.join(defaults)}" if defaults else "has no settings"
        for name, setting in self.settings:
            key = f"training.{name}"
            found = f"a setting that {self.optimizer} does not have"
            require(name in defaults, key, found, f"no such key: {self.optimizer} {takes}")
            if name == "epsilon":  # 0 would divide 0 by 0 where a gradient is 0
                valid = math.isfinite(setting) and setting > 0.0
                require(valid, key, setting, "a finite number above 0")
            else:
                require(0.0 <= setting < 1.0, key, setting, "at least 0 and below 1")
        complete = {**defaults, **dict(self.settings)}
        object.__setattr__(self, "settings", tuple(complete.items()))


class Frozen(NamedTuple):
    """Why every update leaves some parameters as they are.

    ``switch`` is the preset's (``train_weights[0] = false``), empty where it lets them train and
    only ``mistakes`` keep them.
    """

    layer: int
    switch: str
    mistakes: tuple[str, ...]

    @property
    def reason(self) -> str:
        if self.switch:
            return self.switch
        several = "s" if len(self.mistakes) > 1 else ""
        return f"the mistake{several} {' and '.join(self.mistakes)}"


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
        training, samples, size = self.training, self.data.samples, self.training.batch_size
        size = samples if size is None else size
        key, units = "training.batch_size", sum(self.network.layers)
        require(1 <= size <= samples, key, size, f"1 to {samples}, the number of samples")
        every = "all " if training.batch_size is None else ""
        found = f"{every}{size:,} samples in a batch, in a network of {units:,} units"
        expected = f"at most {MOST_IN_BATCH // units:,} ({MOST_IN_BATCH:,} samples times units)"
        require(size * units <= MOST_IN_BATCH, key, found, expected)
        refusal = self.loss.refusal(self.network.output_activation)
        found = f"{training.loss} after {self.network.activations[-1]}"
        expected = f"a loss that fits the output activation: {refusal}"
        require(refusal is None, "training.loss", found, expected)
        self._check_targets()
        check_mistakes(training.mistakes, self.network, training.reduction)
        for name in ("train_weights", "train_biases"):
            switches, depth = getattr(training, name), self.network.depth
            count = depth if isinstance(switches, bool) else len(switches)
            expected = f"{depth}, one per layer, or a single true or false"
            require(count == depth, f"training.{name}", f"{count} switches", expected)
        schedule = BatchSchedule(samples, size, training.shuffle, training.seed)
        object.__setattr__(self, "schedule", schedule)

    def _check_targets(self) -> None:
        low, high = self.loss.target_range
        span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        for targets in (self.data.targets, self.data.test_targets):
            outside = targets[(targets < low) | (targets > high)]
            if outside.size:
                found, expected = f"the target {outside[0]:g}", f"targets {span} for"
                key = self.data.key("targets")
                raise UnusableError(key, found, f"{expected} {self.training.loss}")

    def with_training(self, **changes: Any) -> Experiment:  # noqa: ANN401  fields of any kind
        """Return the same experiment, trained in another way."""
        return replace(self, training=replace(self.training, **changes))

    @property
    def loss(self) -> Loss:
        return LOSSES[self.training.loss]

    @property
    def optimizer(self) -> Optimizer:
        return OPTIMIZERS[self.training.optimizer]

    @cached_property
    def frozen(self) -> Mapping[str, Frozen]:
        """Return the parameters (W1, b2) that no update changes, each with the reason."""
        network, training, found = self.network, self.training, dict[str, Frozen]()
        made = {name: MISTAKES[name].freezes for name in training.mistakes}
        by_mistake = {name: {*freezes(network)} for name, freezes in made.items() if freezes}
        for layer in range(1, network.depth + 1):
            for name in network.parameters_of(layer):
                key = "train_weights" if name[0] == "W" else "train_biases"
                switches = getattr(training, key)
                place = "" if isinstance(switches, bool) else f"[{layer - 1}]"
                on = switches if isinstance(switches, bool) else switches[layer - 1]
                mistakes = tuple(slip for slip, names in by_mistake.items() if name in names)
                if mistakes or not on:
                    found[name] = Frozen(layer, "" if on else f"{key}{place} = false", mistakes)
        return found

    def frozen_words(self, layer: int | None = None) -> str:
        """Return ``W1, W2 (train_weights = false); b1 (the mistake bias-not-updated)``.

        Of one ``layer`` where it is given; empty where nothing is frozen.
        """
        groups: dict[str, list[str]] = {}
        for name, why in self.frozen.items():
            if layer in (None, why.layer):
                groups.setdefault(why.reason, []).append(name)
        return "; ".join(f"{', '.join(names)} ({reason})" for reason, names in groups.items())
