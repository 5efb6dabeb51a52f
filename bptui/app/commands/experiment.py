"""Commands on the experiment: change, save, check and export it, open another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bptui.app.commands.table import Entry
from bptui.app.playback.history import Place
from bptui.app.view import Curve, Selection, View
from bptui.core.edits import Kind, Number
from bptui.core.experiment import Experiment
from bptui.presets.build import origin_of

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.core.experiment import Experiment

RATE = Number("learning rate")


def edit(app: BptuiApp) -> None:
    """Edit the number that is selected where the focus is."""
    number = number_in_focus(app)
    if number is None:
        app.tell(
            "Computed: edit a weight, bias, input or target instead.",
            lambda: app.main.view.picture,
        )
    else:
        _edit_number(app, number)


def undo(app: BptuiApp, again: bool = False) -> None:
    """Take back the last change, or make it again."""
    if not app.player.undo(again=again):
        app.tell(f"There is nothing to {'redo' if again else 'undo'}.", app.branch)


def open_sheet(app: BptuiApp, filled: bool = True) -> None:
    """Show the text of the shown experiment or of a new one, and start over with another."""
    from bptui.app.screens.sheet import SheetScreen

    experiment = app.player.snapshot.experiment if filled else None
    app.ask(SheetScreen(experiment), lambda made: _start_over(app, made))


def _start_over(app: BptuiApp, experiment: Experiment) -> None:
    """Open an experiment, beside the losses that there were where they compare."""
    from bptui.presets.save import same_experiment, table_of

    player, before = app.player, app.player.snapshot.experiment
    same_name = experiment.name == before.name
    unchanged = same_name and same_experiment(experiment, before)
    if unchanged and table_of(experiment) == table_of(before):  # titles and seeds count, too
        return
    curve = Curve("before the edit", player.timeline.losses.summary)
    player.open(
        experiment,
        curve if _measured(before) == _measured(experiment) else None,
        player.saved if same_name else None,
    )


def _measured(experiment: Experiment) -> tuple[object, ...]:
    """Return what its losses measure: the formula, and the samples."""
    training, data = experiment.training, experiment.data
    # a sum grows with the batch
    size = experiment.schedule.batch_size if training.reduction == "sum" else 0
    samples = data.inputs.tobytes(), data.targets.tobytes(), data.inputs.shape
    return training.loss, training.reduction, training.l2, size, *samples


def _edit_number(app: BptuiApp, number: Number) -> None:
    """Ask for a new value of ``number``."""
    from bptui.app.screens.questions import NumberScreen

    view, player, timeline = app.main.view, app.player, app.player.timeline
    snapshot, names = view.snapshot, view.snapshot.experiment.network.names
    # whether what is shown is what this step's update has made of it
    array = {"weight": names.weights, "bias": names.bias}.get(number.kind)
    updated = array is not None and array(number.place[0]) in view.written
    parameters = snapshot.updated_parameters if updated else snapshot.parameters
    before, name = number.value(snapshot.experiment, parameters), name_of(number, view)

    def change(value: float) -> None:
        if value == before:
            return
        fork = timeline.edited(snapshot, number, value, updated=updated)
        player.edit(fork, Place(snapshot.step + 1) if updated else player.place)
        app.tell(f"{name} changed from {before:.10g} to {value:.10g}; u: undo", app.branch)

    title = f"{name} from step {snapshot.step + updated} on"
    usable = partial(number.in_experiment, snapshot.experiment)
    app.ask(NumberScreen(title, before, usable), change)


def number_in_focus(app: BptuiApp) -> Number | None:
    """Return the number that is selected where the focus is."""
    main = app.main
    if main.samples is not None and main.focused is main.samples:
        cell = main.samples.edited_cell()
        return None if cell is None else Number(cell[0], cell[1:])
    return None if main.focused is main.gradients else selected_number(main.view)


def selected_number(view: View) -> Number | None:
    """Return the number behind the selection; None for a unit whose output is computed."""
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
    """Return what the selected number, or that of a sample, is called: w5, b_h1, i2 of sample 3."""
    from bptui.app.panels.facts import facts_of

    names, facts = view.snapshot.experiment.network.names, facts_of(view.snapshot.experiment)
    if number.is_parameter:
        return view.selection.name(names)
    if number.kind == "learning rate":
        return number.kind
    sample, unit = number.place
    name = names.unit(0, unit) if number.kind == "input" else f"t{unit + 1}"
    if number.kind == "input" and facts.data.input_names:
        name = f"{name} ({facts.input_name(unit)})"
    return f"{name} of {facts.title(sample)}" if sample or facts.training > 1 else name


def save(app: BptuiApp) -> None:
    """Ask for a name and save the experiment."""
    from shlex import quote

    from bptui.app.screens.questions import SaveScreen
    from bptui.presets.folders import own_folder
    from bptui.presets.save import shown_path

    def saved(file: Path) -> None:
        player.saved = file
        own = file.parent == own_folder()
        opens = f": `bptui {quote(file.stem)}` opens it" if own else ""
        app.tell(f"saved as {shown_path(file)}{opens}")

    player, timeline = app.player, app.player.timeline
    later = any(step > 0 for step in timeline.edits)
    app.ask(SaveScreen(timeline.experiment, player.snapshot, later, player.saved), saved)


def gradcheck(app: BptuiApp) -> None:
    """Compare the gradients with numerical ones."""
    from bptui.app.screens.gradcheck import GradientCheckScreen

    def explain(selection: Selection) -> None:
        app.main.select(selection)
        app.main.uncover_derivation()

    app.ask(GradientCheckScreen(app.player.snapshot), explain)


def export(app: BptuiApp) -> None:
    """Ask what to export and where."""
    from bptui.app.screens.export import ExportScreen, network_formats

    player, name = app.player, app.player.view().name
    formats = network_formats(player.timeline, player.snapshot)
    title = player.snapshot.experiment.title or name
    app.export(ExportScreen(name, title, formats, shown_file(app)))


def presets(app: BptuiApp) -> None:
    """Choose another preset."""
    from bptui.app.screens.presets import NEW, PresetScreen

    def deleted(gone: Path) -> None:
        """Go on with the name of before where what is shown was saved as a file that is gone."""
        if app.player.saved is not None and app.player.saved.absolute() == gone.absolute():
            app.player.saved = None

    def open_preset(chosen: Experiment | Literal["new"]) -> None:
        if chosen == NEW:
            open_sheet(app, filled=False)
        else:
            app.main.look(None)
            app.player.open(chosen)

    app.ask(PresetScreen(shown_file(app), deleted), open_preset)


def shown_file(app: BptuiApp) -> Path | None:
    """Return the file that what is shown was saved as, or came from."""
    origin = origin_of(app.player.snapshot.experiment)
    return app.player.saved or (None if origin is None else origin.file)


COMMANDS: list[Entry[BptuiApp]] = [
    Entry("edit", "enter", edit, "change", at_rest=True),
    Entry("rate", "", lambda app: _edit_number(app, RATE), at_rest=True, titled="Learning rate"),
    Entry("undo", "u", undo, "undo"),
    Entry("redo", "ctrl+r", lambda app: undo(app, again=True)),
    Entry("sheet", "e", open_sheet, "edit", at_rest=True),
    Entry("save", "w", save, "save", at_rest=True),
    Entry("gradcheck", "c", gradcheck, "gradcheck", at_rest=True),
    Entry("export", "x", export, "export", at_rest=True),
    Entry("presets", "p", presets, "presets", at_rest=True),
]
