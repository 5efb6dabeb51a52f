"""Questions for one number: the step to go to, another value for what stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from bptui.app.screens.dialog import Question
from bptui.core.errors import MOST_STEPS, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.number_parsing import EntryError, normalized, number, whole


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
