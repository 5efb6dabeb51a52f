"""The gradient check of one step: every gradient against its numerical value, link by link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bptui.check.gradcheck.chain import Chains, Link, made_with
from bptui.check.gradcheck.comparison import Comparison, Kind, Places
from bptui.check.gradcheck.forward import ForwardPass
from bptui.check.gradcheck.numerical import compare, work
from bptui.core.arrays import Integers
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError

Progress = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1; may raise to give up."""
SEED = 0
WORK = 500_000
"""Numbers to compute for one array, for each pass, before a sample of it is checked."""
FEWEST = 8
"""Numbers that are checked of any array, however much work they are."""


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
        return self.first_wrong is None

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
        """Return of how many checked gradients ``kind`` is true: ``wrong``, ``at_kink``, ..."""
        return sum(int(np.count_nonzero(getattr(each, kind))) for each in self.gradients)

    @property
    def checked(self) -> int:
        return sum(each.places.size for each in self.gradients)

    @property
    def total(self) -> int:
        """Weights and biases that there are."""
        return sum(each.places.total for each in self.gradients)


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
    mistakes = snapshot.experiment.training.mistakes
    forward = ForwardPass(made_with(snapshot, ()) if mistakes else snapshot)
    jobs = dict(_jobs(forward, every))
    whole, done = sum(work(forward, each) for each in jobs.values()), 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(min(done / whole, 1.0))

    truth = {name: compare(forward, snapshot, name, places, told) for name, places in jobs.items()}
    links, idle = Chains(forward, snapshot, truth).explained()
    gradients = tuple(each for each in truth.values() if each.central is not None)
    return GradientCheck(snapshot, gradients, links, idle)


def _jobs(forward: ForwardPass, every: bool) -> Iterator[tuple[str, Places]]:
    """Yield what is differentiated by, with the names that backpropagation's results have."""
    network, names = forward.network, forward.network.names
    for layer in range(1, network.depth + 1):
        fan_in, units = network.layers[layer - 1 : layer + 1]
        most = None if every else max(FEWEST, WORK // forward.work(layer))
        # numbered as the weights are: all those into the first unit, then into the second
        columns, rows = np.divmod(_chosen(fan_in * units, most, (layer, 0)), fan_in)
        yield names.weight_gradient(layer), Places("weights", layer, rows, columns, fan_in * units)
        if network.bias:
            columns = _chosen(units, most, (layer, 1))
            rows = np.zeros_like(columns)
            yield names.bias_gradient(layer), Places("biases", layer, rows, columns, units)
        chosen, samples = _chosen(units, most, (layer, 2)), forward.samples
        columns, rows = np.repeat(chosen, samples), np.tile(np.arange(samples), len(chosen))
        kinds: tuple[tuple[str, Kind], ...] = (
            (names.out_gradient(layer), "out"),
            (names.delta(layer), "net"),
        )
        for name, kind in kinds:
            yield name, Places(kind, layer, rows, columns, units * samples)


def _chosen(count: int, most: int | None, draw: tuple[int, int]) -> Integers:
    """Return all indices below ``count``, or ``most`` of them, drawn but always the same."""
    if most is None or count <= most:
        return np.arange(count)
    drawn = np.random.default_rng((SEED, *draw)).choice(count, most, replace=False)
    return np.sort(drawn)
