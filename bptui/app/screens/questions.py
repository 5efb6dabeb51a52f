"""Questions for one number: the step to go to, another value for what stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable

from bptui.app.screens.dialog import Question
from bptui.core.errors import MOST_STEPS, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.number_parsing import EntryError, normalized, number, whole


def destination(text: str, shown: int, experiment: Experiment) -> int:
    """Return the step that ``text`` leads to from step ``shown``.

    Raises :class:`EntryError` where it leads nowhere.
    """
    plain = normalized(text).strip().lower()
    if not plain:
        raise EntryError("a step: 12, +5, -5, end, or e3 for epoch 3")
    if plain == "end":
        return experiment.training.steps
    sign = plain[0] if plain[0] in "e+-" else ""
    # 1,000 and 1 000 as well
    count = whole(re.sub(r"(?<=\d)[ _,'](?=\d{3}(?!\d))", "", plain.removeprefix(sign)))
    found = {
        "": count,
        "e": count * experiment.schedule.batches_per_epoch,
        "+": shown + count,
        "-": shown - count,
    }
    step = found[sign]
    if step < 0 or count < 0:
        raise EntryError(f"there is no step {step}; the first step is 0")
    if step > MOST_STEPS:
        raise EntryError(f"the last possible step is {MOST_STEPS:,}")
    return step


class GotoScreen(Question[int | None, int]):
    """Gives the step, or None where the user thought better of it; ``shown``: or on the way."""

    def __init__(self, shown: int, experiment: Experiment) -> None:
        super().__init__("Go to", "enter: go, esc: close", hint="12, +5, -5, end, e3")
        self._shown, self._experiment = shown, experiment

    def read(self, text: str) -> tuple[int, str]:
        step = destination(text, self._shown, self._experiment)
        return step, f"→ step {step}, epoch {self._experiment.schedule.epoch(step)}"


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
