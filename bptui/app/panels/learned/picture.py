"""What all pictures have in common: they draw a view, each in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.styles import Styles
from bptui.app.view import View
from bptui.core.arrays import Array
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.presets.errors import printable

if TYPE_CHECKING:  # no picture is drawn at the start
    from bptui.app.panels.learned.colours import Palette
    from bptui.core.evaluation import Classes

MOST_WORK, MOST_WORK_RUNNING = 10_000_000, 4_000_000
"""Nanoseconds, about, that the network may take for one drawing."""
UNIT_WORK, WEIGHTS_AT_ONCE = 20, 8
"""Nanoseconds for the activation of a unit; weights that a product takes in one."""


def affordable(network: Network, *, running: bool = False) -> int:
    """How many samples may go through the network for one drawing."""
    work = network.weight_count // WEIGHTS_AT_ONCE + UNIT_WORK * sum(network.layers[1:])
    return max((MOST_WORK_RUNNING if running else MOST_WORK) // work, 1)


class Look(NamedTuple):
    """How to draw: ``plain`` is without colours for surfaces, told apart by characters alone.

    ``letters``: shapes of samples are letters.
    """

    styles: Styles
    palette: Palette
    plain: bool
    letters: bool = False

    def glyph(self, label: int, classes: int, test: bool) -> str:
        """The mark of a sample of a class; of samples that have none, ``classes`` is 0 or 1."""
        from bptui.app.panels.learned.marks import glyph, letter

        return letter(label, classes, test) if self.letters else glyph(label, classes, test)


class Picture:
    """One way to show what the network of ``experiment`` has learned."""

    title = ""

    def __init__(self, experiment: Experiment, classes: Classes | None) -> None:
        self.experiment, self.classes = experiment, classes

    def extent(self, view: View, width: int, height: int) -> Size:
        """The size of the whole picture; larger than the panel where it scrolls."""
        return Size(width, height)

    def paint(self, view: View, look: Look, extent: Size) -> list[Strip]:
        """The lines of the whole picture."""
        raise NotImplementedError

    def spot(self, view: View, height: int) -> Region | None:
        """Where the selection is, in a panel of that height; None where nothing is selected."""
        return None

    def rows(self, view: View, look: Look, size: Size, top: int, count: int) -> list[Strip]:
        """At most ``count`` lines from ``top`` on, in a panel of that size."""
        return self.paint(view, look, self.extent(view, *size))[top : top + count]

    def note(self, view: View) -> str:
        """What stands in the lower border."""
        return ""


def input_name(experiment: Experiment, unit: int) -> str:
    """The name of an input's column, or of its unit."""
    names = experiment.data.input_names
    return printable(names[unit]) if names else experiment.network.names.unit(0, unit)


def class_name(experiment: Experiment, index: int) -> str:
    """The name of a class: from the data, else its target, else its output unit."""
    data, network = experiment.data, experiment.network
    if index < len(data.class_names):
        return printable(data.class_names[index])
    if network.layers[-1] > 1:
        return network.names.unit(network.depth, index)
    targets = [float(part.min() if index == 0 else part.max()) for part in _targets(experiment)]
    return f"{min(targets) if index == 0 else max(targets):g}"


def _targets(experiment: Experiment) -> list[Array]:
    data = experiment.data
    return [each for each in (data.targets, data.test_targets) if each.size]


def looked_at(view: View) -> int:
    """The sample that is looked at: the one chosen, or the first of the batch.

    Test samples are counted on after those of training.
    """
    return int(view.snapshot.batch[0]) if view.sample is None else view.sample


def inputs_of(experiment: Experiment, sample: int) -> Array:
    """The inputs of a sample, test samples counted on after those of training."""
    data = experiment.data
    held_out = sample - data.samples
    row: Array = data.inputs[sample] if held_out < 0 else data.test_inputs[held_out]
    return row


def targets_of(experiment: Experiment, sample: int) -> Array:
    """The targets of a sample, counted likewise."""
    data = experiment.data
    held_out = sample - data.samples
    row: Array = data.targets[sample] if held_out < 0 else data.test_targets[held_out]
    return row
