"""What the dialog of presets shows and asks: facts, the loss at the end, a name, a last word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import ClassVar

from textual import work
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from bptui.app.numbers import loss
from bptui.app.playback.player import LONG_STEP
from bptui.app.screens import in_background
from bptui.app.screens.dialog import Dialog, Question, ending
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.own import PresetEntry, new_file
from bptui.presets.save import SaveError, shown_path

SLICE, BREATH = 0.003, 0.002
"""Seconds of training, and left to the keys between: who looks for a preset is typing."""
PATIENCE = 0.3
"""Seconds after which it is said how far training has come, and again after each."""
LABEL = 10


async def trained(experiment: Experiment) -> AsyncGenerator[str, None]:
    """Train to the end beside the event loop; say what is reached, now and then and at the end."""
    timeline, steps = await in_background(Timeline, experiment), experiment.training.steps
    await in_background(timeline.move_towards, min(steps, 1))  # now it knows what a step takes
    told, there = perf_counter(), False
    while not there and timeline.first_not_finite is None:
        if timeline.seconds_per_step > LONG_STEP:
            there = await in_background(timeline.move_towards, steps, SLICE)
        else:
            there = timeline.move_towards(steps, SLICE)
        if perf_counter() - told > PATIENCE:
            told, furthest = perf_counter(), timeline.furthest
            yield f"{loss(timeline.losses[furthest])} after {furthest:,} of {steps:,} steps"
        await asyncio.sleep(BREATH)
    if timeline.first_not_finite is None:
        snapshot = await in_background(timeline.snapshot, steps)
        yield f"{loss(snapshot.loss)} after {steps:,} step{'s' * (steps != 1)}"
    if timeline.first_not_finite is not None:
        yield f"diverges at step {timeline.first_not_finite:,}"


def facts(entry: PresetEntry, experiment: Experiment | None, reached: str) -> Content:
    """Return the preset in numbers; what is not known yet has its line already."""
    training = data = ""
    if experiment is not None:
        training, data = _training(experiment), _data(experiment)
    lines = {
        "network": entry.network or ("" if experiment is None else str(experiment.network)),
        "training": training,
        "data": data,
        "loss": reached,
    }
    if entry.mistakes:
        lines["mistakes"] = ", ".join(entry.mistakes)
    parts = [Content.assemble((name.ljust(LABEL), "dim"), text) for name, text in lines.items()]
    return Content("\n").join([Content.styled(entry.title, "bold"), *parts])


def _training(experiment: Experiment) -> str:
    """Return ``half squared error, sgd 0.5, batches of 16``."""
    training, schedule = experiment.training, experiment.schedule
    parts = [training.loss.replace("_", " "), f"{training.optimizer} {training.learning_rate:g}"]
    if schedule.batch_size < experiment.data.samples:
        parts.append(f"batches of {schedule.batch_size}")
    return ", ".join(parts)


def _data(experiment: Experiment) -> str:
    """Return ``120 samples of 4 inputs and 3 targets, 30 test samples``."""

    def count(number: int, noun: str) -> str:
        return f"{number:,} {noun}{'s' * (number != 1)}"

    data, layers = experiment.data, experiment.network.layers
    tests = len(data.test_inputs)
    text = f"{count(data.samples, 'sample')} of {count(layers[0], 'input')}"
    more = f", {count(tests, 'test sample')}" if tests else ""
    return f"{text} and {count(layers[-1], 'target')}{more}"


class NameScreen(Question[Path | None, str]):
    """Asks for the name of a preset until ``act`` takes it; gives the file that it returns."""

    ERRORS = (SaveError,)

    def __init__(self, title: str, name: str, act: Callable[[str], Path]) -> None:
        super().__init__(title, "enter: OK, esc: close", name)
        self._act = act

    def read(self, text: str) -> tuple[str, str]:
        return text, self.shown(shown_path(new_file(text)))

    @work
    async def take(self, value: str) -> None:
        try:
            self.dismiss(await self.writing(self._act, value))
        except SaveError as error:
            self.say(str(error), wrong=True)


class DeleteScreen(Dialog[bool]):
    """Asks whether to delete a file."""

    BINDINGS: ClassVar = [("n", "close", "Keep"), ("enter,y", "dismiss(True)", "Delete")]

    def __init__(self, name: str, file: Path) -> None:
        super().__init__(f"Delete {name}?", "enter: delete, esc: keep")
        self._file = file

    def rows(self) -> Iterable[Widget]:
        text = f"{ending(shown_path(self._file), 54)}\nwill be deleted for good."
        yield Static(text, classes="hint", markup=False)
