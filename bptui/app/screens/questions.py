"""Questions for one line: the step to go to, another number, the name of a preset to be saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from textual.content import Content

from bptui.app.screens.dialog import FileQuestion, Question, where
from bptui.core.engine import Snapshot
from bptui.core.errors import MOST_STEPS, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.errors import printable
from bptui.presets.number_parsing import EntryError, normalized, number, whole
from bptui.presets.own import destination, proposed
from bptui.presets.save import SaveError, save


class Goals(NamedTuple):
    """Where one can go: ``steps``, as they are called, from ``first`` to ``most``.

    ``end`` leads to ``last``, e3 to the beginning of epoch 3 where steps are in epochs.
    """

    steps: str
    first: int
    last: int
    most: int
    epoch: int = 0
    """The steps in one; 0 where there are none."""

    @classmethod
    def of(cls, experiment: Experiment) -> Goals:
        """Return those in the training of an experiment."""
        epoch = experiment.schedule.batches_per_epoch
        return cls("steps", 0, experiment.training.steps, MOST_STEPS, epoch)

    @property
    def examples(self) -> str:
        """What can be typed."""
        return "12, +5, -5, end" + ", e3" * bool(self.epoch)

    def reached(self, text: str, shown: int) -> int:
        """Return the step that ``text`` leads to from the one ``shown``.

        Raises :class:`EntryError` where it leads nowhere.
        """
        plain = normalized(text).strip().lower()
        if not plain:
            raise EntryError(f"a {self.steps.removesuffix('s')}: {self.examples}")
        if plain == "end":
            return self.last
        sign = plain[0] if plain[0] in ("e+-" if self.epoch else "+-") else ""
        # 1,000 and 1 000 as well
        count = whole(re.sub(r"(?<=\d)[ _,'](?=\d{3}(?!\d))", "", plain.removeprefix(sign)))
        found = {"": count, "e": count * self.epoch, "+": shown + count, "-": shown - count}
        if not self.first <= found[sign] <= self.most or count < 0:
            raise EntryError(f"there are {self.steps} {self.first} to {self.most:,}")
        return found[sign]


class GotoScreen(Question[int | None, int]):
    """Gives the step, or None where the user thought better of it; ``shown``: or on the way."""

    def __init__(self, shown: int, goals: Goals) -> None:
        super().__init__("Go to", "enter: go, esc: close", hint=goals.examples)
        self._shown, self._goals = shown, goals

    def read(self, text: str) -> tuple[int, str]:
        goals = self._goals
        step = goals.reached(text, self._shown)
        epoch = f", epoch {step // goals.epoch}" if goals.epoch else ""
        return step, f"→ {goals.steps.removesuffix('s')} {step}{epoch}"


class NumberScreen(Question[float | None, float]):
    """Gives the number, or None where it is to stay; ``usable`` raises what is wrong with one."""

    def __init__(self, title: str, value: float, usable: Callable[[float], object]) -> None:
        super().__init__(title, "enter: apply, esc: cancel", repr(value))
        self._value, self._usable = value, usable

    def read(self, text: str) -> tuple[float, str]:
        value = number(text)
        try:
            self._usable(value)
        except UnusableError as error:
            raise EntryError(f"expected {error.expected}") from None
        return value, f"It was {self._value!r}" if value != self._value else ""


HINT = "A plain name goes to your presets; with / or .toml it is a path."


class SaveScreen(FileQuestion):
    """Gives the file that was written, or None.

    ``experiment`` is that of step 0, ``shown`` the step on the screen. What was edited after step 0
    only the weights of a later step can show. ``file`` is where it was saved before, if it was.
    """

    def __init__(
        self, experiment: Experiment, shown: Snapshot, edited: bool, file: Path | None = None
    ) -> None:
        name, step = printable(proposed(experiment, file)), f"the weights of step {shown.step}"
        options = ["the start values (step 0)", f"{step} as start values"] if shown.step else []
        super().__init__(
            "Save as a preset", "enter: save, esc: close", name, [*map(Content, options)]
        )
        self._experiment, self._shown, self._edited = experiment, shown, edited
        if edited and shown.step:
            self._options.highlighted = 1

    def read(self, text: str) -> tuple[Path, str]:
        path = destination(text)
        return path, where(path)

    def about(self) -> str:
        """Return what the choice means, and what of it no preset can hold."""
        snapshot, lost = self._shown, list[str]()
        if not snapshot.step:
            return HINT
        if not self.chosen:
            if self._edited:
                return f"Without your changes at later steps: a preset cannot hold them.\n{HINT}"
            return f"Training starts again; every step will have the same numbers.\n{HINT}"
        if snapshot.slots:
            optimizer = snapshot.experiment.training.optimizer
            lost.append(f"what {optimizer} remembers of earlier gradients")
        if not snapshot.experiment.schedule.full_batch:
            lost.append("the position in the epoch")
        not_kept = f" Not kept: {', '.join(lost)}." if lost else ""
        return f"Step {snapshot.step} becomes step 0.{not_kept}\n{HINT}"

    def put(self, value: Path, overwrite: bool) -> Path:
        experiment = self._experiment
        try:
            if self.chosen:
                experiment = replace(self._shown.experiment, start=self._shown.parameters)
        except UnusableError as error:  # training has diverged
            raise SaveError(
                f"Step {self._shown.step} cannot be the start: {error.found}."
            ) from None
        save(experiment, value, overwrite)
        return value
