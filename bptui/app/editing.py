"""The app's commands that change the experiment: single numbers, all of it, undo, redo, save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from textual.geometry import Offset

from bptui.app.comparing import ComparingApp
from bptui.app.panels.matrices import MatrixPanel
from bptui.app.panels.panel import Panel
from bptui.app.panels.status import StatusLine
from bptui.app.playback.history import Place
from bptui.app.view import Curve, View
from bptui.core.edits import Kind, Number, edited
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets.errors import printable

LEARNING_RATE = Number("learning rate")
NUMBER_ROOM = 10
"""Columns that a number takes at the right end of where the selection stands."""


class EditingApp(ComparingApp):
    """Turns what the user changes into experiments and forks of the timeline."""

    # not the status line, though it comes first
    AUTO_FOCUS = "Panel, .dialog, .dialog *"

    def shown_view(self) -> View:
        """What the panels show, the selection included."""
        view = self.screen_stack[0].query_one(StatusLine).view
        assert view is not None, "the status line gets its view before any key"
        return view

    def number_in_focus(self, view: View) -> tuple[Number | None, Offset | None]:
        """The number that is selected where the focus is, and where it stands on the screen."""
        focused = self.screen_stack[0].focused
        if isinstance(focused, StatusLine):
            return LEARNING_RATE, focused.learning_rate_at
        from bptui.app.panels.samples import SamplesPanel  # not needed at the start

        if isinstance(focused, SamplesPanel):
            cell = focused.edited_cell()
            return None if cell is None else Number(cell[0], cell[1:]), _place_of(focused, view)
        if focused is not None and focused.id == "gradients":
            return None, None
        number, panel = selected_number(view), focused if isinstance(focused, Panel) else None
        in_matrix = number is not None and number.kind in ("weight", "bias")
        drawn = isinstance(panel, MatrixPanel) or (not in_matrix and panel is not None)
        if panel is None or not drawn or panel.spot(view) is None:
            panel = self.screen_stack[0].query_one("#weights", MatrixPanel)
        return number, _place_of(panel, view)

    def action_edit(self) -> None:
        """Edit the number that is selected where the focus is."""
        self._at_rest(self._edit_selected)

    def _edit_selected(self) -> None:
        view = self.shown_view()
        number, at = self.number_in_focus(view)
        if number is None:
            self._tell(
                "Computed: edit a weight, bias, input, target or the learning rate instead.",
                lambda: self.shown_view().picture,
            )
        else:
            self.edit_number(number, at)

    def action_learning_rate(self) -> None:
        """Edit the learning rate, wherever the focus is."""
        self._at_rest(lambda: self.edit_number(LEARNING_RATE, None))

    def edit_number(self, number: Number, at: Offset | None) -> None:
        """Ask for a new value of ``number``, which stands at a place on the screen."""
        from bptui.app.screens.number import NumberScreen  # dialogs are not needed at the start

        view = self.shown_view()
        snapshot, player, timeline = view.snapshot, self._player, self._player.timeline
        updated = _is_updated(number, view)

        def fork(value: float) -> Timeline:
            return edited(timeline, snapshot, number, value, updated=updated)

        def check(value: float) -> object:
            if number.kind in ("weight", "bias"):
                return None  # any finite number will do
            return number.in_experiment(snapshot.experiment, value)

        def change(value: float | None) -> None:
            if value is None or value == before:
                return
            place = Place(snapshot.step + 1) if updated else player.place
            self._play(player.edit(fork(value), place))
            was, now = f"{before:.10g}", f"{value:.10g}"
            if was == now:
                was, now = repr(before), repr(value)
            self._tell(f"{name} changed from {was} to {now}; u: undo", self._course)

        parameters = snapshot.updated_parameters if updated else snapshot.parameters
        before = number.value(snapshot.experiment, parameters)
        name = name_of(number, view)
        title = f"{name} from step {snapshot.step + updated} on"
        self.push_screen(NumberScreen(title, before, check, at), change)

    def action_undo(self) -> None:
        moving = self._player.undo()
        if moving is None:
            self._tell("There is nothing to undo.", self._course)
        else:
            self._play(moving)

    def action_redo(self) -> None:
        moving = self._player.redo()
        if moving is None:
            self._tell("There is nothing to redo.", self._course)
        else:
            self._play(moving)

    def action_form(self) -> None:
        self._at_rest(lambda: self.open_form(self._player.snapshot.experiment))

    def open_form(self, experiment: Experiment | None) -> None:
        """Show the form on an experiment; an empty one where it is None."""
        from bptui.app.form.screen import FormScreen

        self.push_screen(FormScreen(experiment), self._take)

    def _take(self, experiment: Experiment | None) -> None:
        """Start over with what the form gave; beside the losses there were, if they compare."""
        from bptui.presets.describe import same_experiment, table_of

        if experiment is None:
            return
        player = self._player
        before = player.snapshot.experiment
        if (
            experiment.name == before.name
            and same_experiment(experiment, before)
            and table_of(experiment) == table_of(before)  # titles and seeds too
        ):
            return
        curve = Curve("before the edit", player.timeline.losses.summary())
        same = experiment.name == before.name
        self._play(
            player.open(
                experiment,
                curve if comparable(before, experiment) else None,
                player.saved if same else None,
            )
        )

    def action_save(self) -> None:
        self._at_rest(self._ask_file)

    def _ask_file(self) -> None:
        from bptui.app.screens.save import SaveScreen

        timeline, snapshot = self._player.timeline, self._player.snapshot
        later = any(step > 0 for step in timeline.edits)
        screen = SaveScreen(timeline.experiment, snapshot, later, self._player.saved)
        self.push_screen(screen, self._saved)

    def _saved(self, file: Path | None) -> None:
        from shlex import quote

        from bptui.presets.folders import own_folder
        from bptui.presets.save import shown_path

        if file is not None:
            self._player.saved = file
            own = file.parent == own_folder()
            opens = f": `bptui {quote(file.stem)}` opens it" if own else ""
            self._tell(f"saved as {shown_path(file)}{opens}")


def comparable(one: Experiment, other: Experiment) -> bool:
    """Whether their losses measure the same thing: the same formula on the same samples."""
    formulas = [
        (
            each.training.loss,
            each.training.reduction,
            each.training.l2,
            # a sum grows with the batch
            each.schedule.batch_size if each.training.reduction == "sum" else 0,
        )
        for each in (one, other)
    ]
    same_data = all(
        np.array_equal(getattr(one.data, name), getattr(other.data, name))
        for name in ("inputs", "targets")
    )
    return formulas[0] == formulas[1] and same_data


def _place_of(panel: Panel, view: View) -> Offset | None:
    """Where on the screen a panel shows the selected number."""
    spot = panel.spot(view)
    if spot is None or not panel.size.area:
        return None
    inside = Offset(max(spot.x, spot.right - NUMBER_ROOM), min(spot.y + 1, spot.bottom - 1))
    return panel.content_region.offset + inside - panel.scroll_offset


def selected_number(view: View) -> Number | None:
    """The number behind the selection; None for a unit whose output is computed."""
    selection, network = view.selection, view.snapshot.experiment.network
    if selection.kind == "weight":
        return Number("weight", (selection.layer, selection.source, selection.unit))
    if selection.kind == "bias":
        return Number("bias", (selection.layer, selection.unit))
    if 0 < selection.layer < network.depth:
        return None
    kind: Kind = "target" if selection.layer else "input"
    return Number(kind, (int(view.snapshot.batch[view.row]), selection.unit))


def name_of(number: Number, view: View) -> str:
    """w5, b_h1, i2 of sample 3, t1, learning rate."""
    network = view.snapshot.experiment.network
    names = network.names
    if number.kind == "weight":
        return names.weight(*number.place)
    if number.kind == "bias":
        return f"b_{names.unit(*number.place)}"
    if number.kind == "learning rate":
        return "learning rate"
    sample, unit = number.place
    data = view.snapshot.experiment.data
    name = names.unit(0, unit) if number.kind == "input" else f"t{unit + 1}"
    if number.kind == "input" and data.input_names:
        name = f"{name} ({printable(data.input_names[unit])})"
    if sample >= data.samples:
        return f"{name} of test sample {sample - data.samples + 1}"
    return f"{name} of sample {sample + 1}" if data.samples > 1 else name


def _is_updated(number: Number, view: View) -> bool:
    """Whether what is shown of a weight or a bias is what this step's update has made of it."""
    if number.kind not in ("weight", "bias") or view.position is None:
        return False
    names, layer = view.snapshot.experiment.network.names, number.place[0]
    name = names.weights(layer) if number.kind == "weight" else names.bias(layer)
    done = view.snapshot.operations[: view.position + 1]
    return any(name in each.writes for each in done)
