"""Commands on the experiment as a whole: save it, check it, export it, open another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bptui.app.commands.edit import open_sheet
from bptui.app.commands.table import Entry
from bptui.app.view import Selection
from bptui.presets.build import origin_of

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.core.experiment import Experiment


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
    Entry("save", "w", save, "save", at_rest=True),
    Entry("gradcheck", "c", gradcheck, "gradcheck", at_rest=True),
    Entry("export", "x", export, "export", at_rest=True),
    Entry("presets", "p", presets, "presets", at_rest=True),
]
