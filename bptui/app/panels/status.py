"""The lines beside the panels: where we are, what has just happened, what the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from textwrap import wrap
from typing import Generic, NamedTuple

from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bptui.app.commands.table import Command
from bptui.app.lines import Line, fitted, pressing, spot
from bptui.app.numbers import loss
from bptui.app.panels.panel import ShownT
from bptui.app.playback.run import SPEED_ROOM, Speed
from bptui.app.styles import PENDING, Styles, styles_of
from bptui.app.view import View
from bptui.core.backprop import Operation

NAME_ROOM = 14
"""Columns that the name of the preset should have."""
LOSS_ROOM = 17
ALL = "all operations"


def _operation_field(operations: tuple[Operation, ...], position: int | None, room: int) -> str:
    """Return ``8/12 backward: gW2`` or :data:`ALL`, as wide at each operation of the step.

    Without the stage, and as wide as it must be, where that is wider than ``room``.
    """
    count, numbered, width = len(operations), [""], 0
    for texts in zip(*((each.label, each.name) for each in operations), strict=True):
        digits = len(str(count))
        numbered = [f"{place:>{digits}}/{count} {text}" for place, text in enumerate(texts, 1)]
        width = max(map(len, [ALL, *numbered]))
        if width <= room:
            break
    return (ALL if position is None else numbered[position]).ljust(width if width <= room else 0)


class TopLine(Widget, Generic[ShownT]):
    """What is shown at the left; where in time, with the loss, at the right, in fixed columns."""

    ALLOW_SELECT = False
    view: reactive[ShownT | None] = reactive(None, always_update=True)

    def what(self, view: ShownT, styles: Styles, room: int) -> Line:
        """Return the left part, no wider than ``room`` where that can be."""
        raise NotImplementedError

    def where(self, view: ShownT, styles: Styles, width: int) -> Line:
        """Return the right part, on a screen ``width`` columns wide."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        width, styles = self.size.width, styles_of(self.app)
        if self.view is None or y > 0:
            return Strip.blank(width, self.rich_style)
        right = self.where(self.view, styles, width)
        left = self.what(self.view, styles, width - right.width - 2)
        left.pad(width - right.width, styles.text)
        strip = Strip.join([left.strip(), right.strip()])
        return strip.adjust_cell_length(width).apply_style(self.rich_style)


class StatusLine(TopLine[View]):
    """Preset, network, loss function and optimizer; then the step, the operation, the loss."""

    def what(self, view: View, styles: Styles, room: int) -> Line:
        """Return the name, then as much as fits: the learning rate comes before the loss's name."""
        training, network = view.snapshot.experiment.training, view.snapshot.experiment.network
        line = Line().add(fitted(f" {view.name}", room) or "…", styles.strong + spot(pressing("p")))
        optimizer = f"   {training.optimizer} {training.learning_rate:g}"
        count = len(training.mistakes)
        whole, sizes = str(network), "-".join(map(str, network.layers))
        networks = [whole, whole.removesuffix(", no bias"), sizes, f"{len(network.layers)} layers"]
        losses = (f"   {training.loss.replace('_', ' ')}", "")
        choices = [
            (f"   {n}{loss}", t) for t, loss, n in product((optimizer, ""), losses, networks)
        ]
        choices.append(("", ""))
        mistakes = f"   {count} mistake{'s' * (count > 1)}" if count else ""
        if line.width + len(mistakes) <= room:
            line.add(mistakes, styles.warning)
        fitting = (choice for choice in choices if line.width + sum(map(len, choice)) <= room)
        described, trained = next(fitting, choices[-1])
        line.add(described, styles.dim)
        if trained:
            line.add("   ", styles.dim)
            line.add(optimizer.strip(), styles.dim + spot("app.command('rate')"))
        return line

    def where(self, view: View, styles: Styles, width: int) -> Line:
        snapshot, line = view.snapshot, Line()
        digits = len(str(snapshot.experiment.training.steps))
        state = ("◀" if view.backwards else "▶") if view.running else " "
        if view.seeking is not None:
            state = f"seeking {view.seeking} "
        line.add(f"{state} ", styles.accent)
        step = f"step {snapshot.step}".ljust(5 + digits)
        line.add(step, styles.strong + spot(pressing("g")))
        room = width - line.width - LOSS_ROOM - NAME_ROOM - 4
        field = _operation_field(snapshot.operations, view.position, room)
        line.add(f"  {field}  ", styles.dim if view.position is None else styles.text)
        diverged = view.diverged_at is not None and snapshot.step >= view.diverged_at
        style = styles.warning if diverged else styles.strong
        if view.computed("loss"):
            text = loss(snapshot.loss, 4 if view.present else 6)
        else:
            text, style = PENDING, styles.dim
        return line.add(f"loss {text}".ljust(LOSS_ROOM), style)


ROWS = 3
"""Lines that every caption fits into on 80 columns."""


def tour_rows(width: int) -> int:
    """Return the lines that every stop of the tour fits into, with its title and its key."""
    return 7 if width >= 80 else 10 if width >= 74 else 12


class Told(NamedTuple):
    """What a caption says: where we are, what is given, how; and whether that is wrong."""

    where: str
    what: str
    how: str
    wrong: bool = False

    @property
    def sentence(self) -> str:
        """Return how, as a sentence of its own; names keep their letters."""
        first, blank, rest = self.how.partition(" ")
        return f"{first.capitalize() if first.isalpha() else first}{blank}{rest}."

    def rows(self, width: int) -> tuple[list[str], int]:
        """Return the lines of text, and how many characters of them say where and what.

        How it is computed begins on a line of its own where there is room.
        """
        what = f"{self.where}: {self.what}"
        apart = [*wrap(what, width), *wrap(self.sentence, width)]
        if len(apart) <= ROWS:
            return apart, len(what)
        return wrap(f"{what}: {self.how}.", width, max_lines=ROWS, placeholder=" …"), len(what)


class CaptionLine(Widget, Generic[ShownT]):
    """Writes what :meth:`say` gives; where we are, and what is given, stand out."""

    ALLOW_SELECT = False
    told: reactive[Told | None] = reactive(None)

    def __init__(self) -> None:
        super().__init__(id="caption")
        self.styles.height = ROWS

    def show(self, view: ShownT) -> None:
        """Say what is to be said of a view."""
        self.told = self.say(view)

    def say(self, view: ShownT) -> Told:
        """Return what is to be said of a view."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        width, styles, line = self.size.width, styles_of(self.app), Line()
        if self.told is not None:
            rows, bold = self.told.rows(max(width - 2, 20))
            row = rows[y] if y < len(rows) else ""
            bold = max(bold - sum(len(before) + 1 for before in rows[:y]), 0)
            style = styles.warning if self.told.wrong else styles.accent + styles.bold
            line.add(" ", styles.text).add(row[:bold], style).add(row[bold:], styles.text)
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)


class OperationCaption(CaptionLine[View]):
    """Says what the operation just carried out has given."""

    def say(self, view: View) -> Told:
        from bptui.explain.captions import captions  # a presentation may begin later

        snapshot, operation = view.snapshot, view.operation
        count = len(snapshot.operations)
        if operation is None or view.position is None:
            how = "forward to the loss, back to the gradients, then the update"
            return Told(f"step {snapshot.step}", f"all {count} operations at once", how)
        caption = captions(snapshot.experiment, len(snapshot.batch))[operation.name]
        where = f"{view.position + 1}/{count} {operation.name}"
        return Told(where, caption.what, caption.how, caption.verdict != "right")


OPTIONAL = (
    *("copy", "graph", "names", "export", "samples", "keep", "undo", "edit", "save", "learned"),
    *("scale", "zoom", "restart", "breakpoints", "faster", "gradcheck", "goto", "sheet", ""),
    *("presets", "derivation", "operation"),
)
"""Commands of the app on a network whose keys give way first; see :class:`KeyLine`."""


class KeyLine(Widget):
    """As many keys as fit, in the order of the table of commands; help and quit always.

    ``optional`` are commands whose keys give way where there is little room, the first one first.
    At an empty name the second keys of those that have two give way.
    """

    speed: reactive[Speed | None] = reactive(None)
    pressed: reactive[tuple[str, str] | None] = reactive(None)
    """The key that was pressed last and what it does, where that is to be seen."""

    def __init__(self, commands: Sequence[Command], optional: Sequence[str]) -> None:
        super().__init__(id="keys")
        self._commands = [command for command in commands if command.hint]
        self._optional = optional

    def render_line(self, y: int) -> Strip:
        styles, width = styles_of(self.app), self.size.width
        line, bold = Line().add(" ", styles.text), styles.accent + styles.bold
        if self.pressed is not None:
            key, does = self.pressed
            line.add(f" {key} ", bold + styles.chosen).add(
                f" {fitted(does, width // 3)} ", styles.strong
            )
            line.add("│ ", styles.faint)
        shown, both = self._fitting(width + 1 - line.width)
        for place, command in enumerate(shown):
            line.add("  " if place else "", styles.text)
            press = spot(pressing(command.key))
            line.add(command.shown_key, bold + press)
            if command.also and both:
                line.add("/", bold).add(command.also, bold + spot(pressing(command.other_key)))
            line.add(f" {command.hint}", styles.dim + press)
        if self.speed is not None:
            forms = (f" {self.speed} ", f" {self.speed.short} ", f" {self.speed.short}")
            text = next((form for form in forms if line.width + len(form) <= width), "")
            line.pad(width - len(text), styles.text).add(text, styles.dim + spot(pressing("plus")))
        return line.strip().adjust_cell_length(width).apply_style(self.rich_style)

    def _fitting(self, width: int) -> tuple[list[Command], bool]:
        """Return the commands that find room beside the speed, and whether second keys do."""
        shown, both = self._commands, True
        for optional in (None, *self._optional):
            shown = [command for command in shown if command.name != optional]
            both = both and optional != ""
            keys = (len(c.shown_key) + bool(c.also and both) * (1 + len(c.also)) for c in shown)
            hints = (len(command.hint) + 3 for command in shown)
            if sum(keys) + sum(hints) + SPEED_ROOM <= width:
                break
        return shown, both
