"""What a preset is, before it is opened: its numbers in a few lines, what is said about it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from bptui.app.screens.presets.final import Reached
from bptui.core.experiment import Experiment
from bptui.presets.own import PresetEntry

LABEL = 10
EMPTY = "Opens an empty form: enter a network, its start values and its data."


def training_of(experiment: Experiment) -> str:
    """half squared error, sgd 0.5, batches of 16."""
    training, schedule = experiment.training, experiment.schedule
    parts = [training.loss.replace("_", " "), f"{training.optimizer} {training.learning_rate:g}"]
    if schedule.batch_size < experiment.data.samples:
        parts.append(f"batches of {schedule.batch_size}")
    return ", ".join(parts)


def data_of(experiment: Experiment) -> str:
    """120 samples of 4 inputs and 3 targets, 30 test samples."""
    data, layers = experiment.data, experiment.network.layers
    tests = len(data.test_inputs)
    more = f", {_count(tests, 'test sample')}" if tests else ""
    return (
        f"{_count(data.samples, 'sample')} of {_count(layers[0], 'input')} "
        f"and {_count(layers[-1], 'target')}{more}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def facts(entry: PresetEntry, experiment: Experiment | None, reached: Reached | None) -> Content:
    """The preset in numbers; what is not known yet has its line already."""
    lines = [
        ("network", entry.network or ("" if experiment is None else str(experiment.network))),
        ("training", "" if experiment is None else training_of(experiment)),
        ("data", "" if experiment is None else data_of(experiment)),
        ("loss", "…" if reached is None else str(reached)),
    ]
    if entry.mistakes:
        lines.append(("mistakes", ", ".join(entry.mistakes)))
    parts = [Content(entry.title).stylize("bold")]
    parts += [Content.assemble((label.ljust(LABEL), "dim"), text) for label, text in lines]
    return Content("\n").join(parts)


class Preview(VerticalScroll):
    """Shows one preset; scrolls where its description is long."""

    DEFAULT_CSS = """
    Preview Static {
        width: 1fr;
        height: auto;
    }
    Preview #preset-words {
        margin: 1 0 0 0;
        color: $text-muted;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="preset-preview")
        # kept here, since results may still arrive while the dialog is being taken down
        self._facts = Static(id="preset-facts", markup=False)
        self._words = Static(id="preset-words", markup=False)

    def compose(self) -> ComposeResult:
        yield self._facts
        yield self._words

    def show_entry(self, entry: PresetEntry) -> None:
        """Show what is known of a preset that is not opened."""
        self.scroll_home(animate=False)
        if entry.wrong:
            self._show(Content(entry.name).stylize("bold"), f"Cannot be opened.\n{entry.wrong}")
            return
        paragraphs = [" ".join(each.split()) for each in entry.description.split("\n\n")]
        paragraphs.insert(0, entry.note)
        if entry.source:
            paragraphs.append(f"Source: {entry.source}")
        self._show(facts(entry, None, None), "\n\n".join(each for each in paragraphs if each))

    def show_numbers(
        self, entry: PresetEntry, experiment: Experiment, reached: Reached | None
    ) -> None:
        """Show what opening it, and training it, has told."""
        self._facts.update(facts(entry, experiment, reached))

    def show_nothing(self, text: str) -> None:
        self._show(Content(""), text)

    def show_new(self) -> None:
        self._show(Content("New, empty experiment").stylize("bold"), EMPTY)

    def _show(self, above: Content, below: str) -> None:
        self._facts.update(above)
        self._words.update(Content(below))
