"""Questions for one number: the step to go to, another value for what stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.geometry import Offset

from bptui.app.screens.dialog import Question
from bptui.core.errors import MOST_STEPS, UnusableError
from bptui.core.experiment import Experiment
from bptui.presets.number_parsing import EntryError, normalized, number, whole

WIDTH, HEIGHT = 40, 4


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
    """Gives the number, or None where it is to stay; ``check`` raises what is wrong with one.

    ``at`` is where the number stands on the screen; None: in the middle.
    """

    def __init__(
        self, title: str, value: float, usable: Callable[[float], object], at: Offset | None
    ) -> None:
        super().__init__(title, "enter: apply, esc: cancel", repr(value))
        self._value, self._usable, self._at = value, usable, at

    def on_mount(self) -> None:
        self._size_then = self.app.size
        if self._at is not None:  # the line lies over the number, as far as the screen allows
            room = self.app.size
            x = min(max(self._at.x - 3, 0), max(room.width - WIDTH, 0))
            y = min(max(self._at.y - 1, 0), max(room.height - HEIGHT - 1, 0))
            self.styles.align = ("left", "top")
            self.box.styles.offset = (x, y)

    def on_resize(self) -> None:
        if self.app.size != self._size_then:  # the number stands elsewhere now
            self.styles.align = ("center", "middle")
            self.box.styles.offset = (0, 0)

    def read(self, text: str) -> tuple[float, str]:
        value = number(text)
        try:
            self._usable(value)
        except UnusableError as error:
            raise EntryError(f"expected {error.expected}") from None
        return value, f"It was {self._value!r}" if value != self._value else ""
