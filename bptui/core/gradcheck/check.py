"""The gradient check of one step: every gradient against its numerical value, link by link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bptui.core.errors import UnusableError
from bptui.core.gradcheck.central import LEVELS, central_differences
from bptui.core.gradcheck.chain import Link, compared, explained, made_with
from bptui.core.gradcheck.comparison import Comparison
from bptui.core.gradcheck.complex_step import by_parameters, by_units
from bptui.core.gradcheck.derivatives import Derivatives, Kind, Places
from bptui.core.gradcheck.forward import ForwardPass
from bptui.core.gradcheck.places import parameter_places, unit_places
from bptui.core.gradcheck.rounding import RoundingBounds
from bptui.core.snapshot import Snapshot

Progress = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1; may raise to give up."""


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """``gradients`` holds a comparison for each of gW1, gb1, gW2, ...; ``links`` the chain.

    ``idle_mistakes``: those of the preset without which the step is the same, or which make nothing
    of it wrong.
    """

    snapshot: Snapshot
    gradients: tuple[Comparison, ...]
    links: tuple[Link, ...]
    idle_mistakes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether no link is wrong."""
        return not any(each.wrong for each in self.links)

    @property
    def first_wrong(self) -> Link | None:
        """The first operation whose result is not the true derivative, or the update."""
        return next((each for each in self.links if each.wrong), None)

    @property
    def hidden_mistakes(self) -> tuple[str, ...]:
        """The preset's mistakes that act in this step, but where others hide their errors."""
        known = {name for each in self.links for name in each.mistakes} | {*self.idle_mistakes}
        made = self.snapshot.experiment.training.mistakes
        return tuple(name for name in made if name not in known)

    def count(self, kind: str) -> int:
        """Checked gradients of which ``kind`` is true: ``wrong``, ``unclear``, ``kink``, ..."""
        return sum(int(np.count_nonzero(getattr(each, kind))) for each in self.gradients)

    @property
    def checked(self) -> int:
        return sum(each.analytic.size for each in self.gradients)

    @property
    def total(self) -> int:
        """Weights and biases that there are."""
        return sum(each.derivatives.places.total for each in self.gradients)


def check_gradients(
    snapshot: Snapshot, every: bool = False, progress: Progress | None = None
) -> GradientCheck:
    """Check the step of ``snapshot``; of large arrays a sample, unless ``every`` number is wanted.

    Raises :class:`UnusableError` where the loss is not finite: it has no derivatives then.
    """
    if not np.isfinite(snapshot.loss):
        raise UnusableError(
            "step",
            f"a loss of {snapshot.loss} at step {snapshot.step}",
            "a step before training diverged",
        )
    forward = ForwardPass(snapshot)
    jobs = _jobs(snapshot, forward, every)
    tell = _Work(forward, [each for _, each in jobs], progress)
    bounds = RoundingBounds(forward)
    right = made_with(snapshot, ()) if snapshot.experiment.training.mistakes else None
    truth: dict[str, Derivatives] = {}
    gradients: list[Comparison] = []
    for name, places in jobs:
        if places.kind in ("net", "out"):
            truth[name] = by_units(forward, bounds, places, tell)
        else:
            truth[name] = by_parameters(forward, bounds, places, tell)
            differences = central_differences(forward, places, tell)
            gradients.append(compared(snapshot, name, truth[name], differences, right))
    with np.errstate(all="ignore"):
        links, idle = explained(snapshot, truth, right)
    return GradientCheck(snapshot, tuple(gradients), links, idle)


def _jobs(snapshot: Snapshot, forward: ForwardPass, every: bool) -> list[tuple[str, Places]]:
    """What is differentiated by, under the names that backpropagation's results have."""
    names, jobs = snapshot.experiment.network.names, list[tuple[str, Places]]()
    for layer in range(1, names.depth + 1):
        kinds: tuple[Kind, ...] = ("weights", "biases")
        for kind, name in zip(kinds, (names.weight_gradient, names.bias_gradient), strict=True):
            if kind == "weights" or snapshot.experiment.network.bias:
                jobs.append((name(layer), parameter_places(forward, layer, kind, every)))
        jobs.append((names.out_gradient(layer), unit_places(forward, layer, "out", every)))
        jobs.append((names.delta(layer), unit_places(forward, layer, "net", every)))
    return jobs


class _Work:
    """Adds up what was done and passes on its share of the whole."""

    def __init__(
        self, forward: ForwardPass, places: list[Places], progress: Progress | None
    ) -> None:
        passes = 4 if forward.tied else 1
        self._whole, self._done, self._progress = 1, 0, progress
        for each in places:
            if each.kind in ("net", "out"):
                units = each.size // max(forward.samples, 1)
                self._whole += units * forward.work(each.layer) * passes
            else:
                self._whole += each.size * forward.work(each.layer) * (passes + LEVELS)

    def __call__(self, work: int) -> None:
        self._done += work
        if self._progress is not None:
            self._progress(min(self._done / self._whole, 1.0))
