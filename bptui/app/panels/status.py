"""The status line: where we are, always in plain text and always in the same columns."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.events import Click
from textual.geometry import Offset
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.lines import Line, pressing, spot
from bptui.app.numbers import loss
from bptui.app.styles import Styles, styles_of
from bptui.app.view import View
from bptui.core.backprop import Operation

NAME_ROOM = 14
"""Columns that the name of the preset should have."""
LOSS_ROOM = 17
ALL = "all operations"


def _operation_field(operations: tuple[Operation, ...], position: int | None, room: int) -> str:
    """``8/12 backward: gW2`` or :data:`ALL`, as wide at each operation of the step.

    Without the stage, and as wide as it must be, where that is wider than ``room``.
    """
    forms = ([each.label for each in operations], [each.name for each in operations])
    for texts in forms:
        count = len(texts)
        numbered = [
            f"{place:>{len(str(count))}}/{count} {text}" for place, text in enumerate(texts, 1)
        ]
        width = max(map(len, [ALL, *numbered]))
        if width <= room:
            break
    else:
        width = 0
    return (ALL if position is None else numbered[position]).ljust(width)


class StatusLine(Widget, can_focus=True):
    """Preset, network, loss function and optimizer; then the step, the operation, the loss.

    With the focus on it the learning rate is selected.
    """

    ALLOW_SELECT = False
    FOCUS_ON_CLICK = False  # but on the learning rate
    view: reactive[View | None] = reactive(None, always_update=True)
    _rate_at = 1
    _optimizer_cells = range(0)

    @property
    def text_styles(self) -> Styles:
        return styles_of(self.app)

    @property
    def learning_rate_at(self) -> Offset:
        """Where on the screen the learning rate stands."""
        return self.region.offset + Offset(self._rate_at, 0)

    async def on_click(self, event: Click) -> None:
        """Select the learning rate; a second click edits it, as enter does."""
        if event.x in self._optimizer_cells:
            self.focus()
            if event.chain == 2:
                await self.run_action(pressing("enter"))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self.view is None or y > 0:
            return Strip.blank(width, self.rich_style)
        right = self._right(self.view, width)
        left = self._left(self.view, width - right.width - 2)
        left.pad(width - right.width, self.text_styles.text)
        strip = Strip.join([left.strip(), right.strip()])
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _right(self, view: View, width: int) -> Line:
        colours, snapshot = self.text_styles, view.snapshot
        digits = len(str(snapshot.experiment.training.steps))
        line = Line()
        state = ("◀" if view.backwards else "▶") if view.running else " "
        if view.seeking is not None:
            state = f"seeking {view.seeking} "
        line.add(f"{state} ", colours.accent)
        step = f"step {snapshot.step}".ljust(5 + digits)
        line.add(step, colours.strong + spot(pressing("g")))
        room = width - line.width - LOSS_ROOM - NAME_ROOM - 4
        field = _operation_field(snapshot.operations, view.position, room)
        line.add(f"  {field}  ", colours.dim if view.position is None else colours.text)
        diverged = view.diverged_at is not None and snapshot.step >= view.diverged_at
        style = colours.warning if diverged else colours.strong
        if not view.computed("loss"):
            style = colours.dim
        return line.add(f"loss {loss(snapshot.loss)}".ljust(LOSS_ROOM), style)

    def _left(self, view: View, room: int) -> Line:
        """The name, then as much as fits: what the learning rate is before what the loss is."""
        experiment, colours = view.snapshot.experiment, self.text_styles
        training, network = experiment.training, experiment.network
        name = f" {view.name}"
        if cell_len(name) > room:
            name = set_cell_size(name, max(room - 1, 0)) + "…"
        line = Line().add(name, colours.strong + spot(pressing("p")))
        rate, count = f"{training.learning_rate:g}", len(training.mistakes)
        optimizer = f"   {training.optimizer} {rate}"
        whole, sizes = str(network), "-".join(map(str, network.layers))
        networks = [whole, whole.removesuffix(", no bias"), sizes, f"{len(network.layers)} layers"]
        # what is selected must be in sight
        trainings = (optimizer,) if self.has_focus else (optimizer, "")
        choices = [
            (f"   {form}", loss_name, each)
            for each in trainings
            for loss_name in (f"   {training.loss.replace('_', ' ')}", "")
            for form in networks
        ]
        choices.append(("", "", trainings[-1]))
        mistakes = f"   {count} mistake{'s' * (count > 1)}" if count else ""
        if line.width + len(mistakes) + len(trainings[-1]) <= room:
            line.add(mistakes, colours.warning)
        fitting = (each for each in choices if line.width + sum(map(len, each)) <= room)
        described, loss_name, trained = next(fitting, choices[-1])
        line.add(described + loss_name, colours.dim)
        self._optimizer_cells = range(0)
        if trained:
            self._optimizer_cells = range(line.width + 3, line.width + len(optimizer))
            line.add(optimizer.removesuffix(rate), colours.dim)
            self._rate_at = line.width
            line.add(rate, colours.selected(colours.dim, True) if self.has_focus else colours.dim)
        return line
