"""The status line: where we are, always in plain text and always in the same columns."""

from __future__ import annotations

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.ink import Ink, ink
from bptui.app.lines import Line
from bptui.app.numbers import loss, step_count
from bptui.app.view import View


class StatusLine(Widget):
    """Preset, network, loss function and optimizer; then the step, the operation, the loss."""

    view: reactive[View | None] = reactive(None, always_update=True)

    @property
    def ink(self) -> Ink:
        return ink(self.app.current_theme.dark)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self.view is None or y > 0:
            return Strip.blank(width, self.rich_style)
        right = self._right(self.view)
        left = self._left(self.view, width - right.width - 2)
        left.pad(width - right.width, self.ink.text)
        strip = Strip.join([left.strip(), right.strip()])
        return strip.adjust_cell_length(width).apply_style(self.rich_style)

    def _right(self, view: View) -> Line:
        colours, snapshot = self.ink, view.snapshot
        digits = len(step_count(snapshot.experiment.training.steps))
        line = Line()
        state = "▶" if view.running else " "
        if view.seeking is not None:
            state = f"seeking {step_count(view.seeking)} "
        line.add(f"{state} ", colours.accent)
        line.add(f"step {step_count(snapshot.step)}".ljust(5 + digits), colours.strong)
        line.add(f"  {view.operation}  ", colours.dim)
        diverged = view.diverged_at is not None and snapshot.step >= view.diverged_at
        style = colours.warning if diverged else colours.strong
        return line.add(f"loss {loss(snapshot.loss)}".ljust(17), style)

    def _left(self, view: View, room: int) -> Line:
        experiment, colours = view.snapshot.experiment, self.ink
        training = experiment.training
        line = Line().add(f" {experiment.name}"[: max(room, 0)], colours.strong)
        count = len(training.mistakes)
        extras = [
            (f"{count} mistake{'s' * (count > 1)}" if count else "", colours.warning),
            (str(experiment.network), colours.dim),
            (training.loss.replace("_", " "), colours.dim),
            (f"{training.optimizer} {training.learning_rate:g}", colours.dim),
        ]
        for text, style in extras:
            if text and line.width + len(text) + 3 > room:
                break
            line.add(f"   {text}" if text else "", style)
        return line
