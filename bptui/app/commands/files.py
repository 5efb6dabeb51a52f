"""Commands on the experiment as a whole: save it, check it, export it, open another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bptui.app.commands.edit import open_form
from bptui.app.commands.table import command
from bptui.app.view import Selection
from bptui.presets.build import origin_of

if TYPE_CHECKING:
    from bptui.app.app import BptuiApp
    from bptui.app.screens.presets import New
    from bptui.core.experiment import Experiment


@command("w", hint="save", words="write store keep file toml", at_rest=True)
def save(app: BptuiApp) -> None:
    from bptui.app.screens.save import SaveScreen

    def saved(file: Path) -> None:
        from shlex import quote

        from bptui.presets.folders import own_folder
        from bptui.presets.save import shown_path

        player.saved = file
        own = file.parent == own_folder()
        opens = f": `bptui {quote(file.stem)}` opens it" if own else ""
        app.tell(f"saved as {shown_path(file)}{opens}")

    player, timeline = app.player, app.player.timeline
    later = any(step > 0 for step in timeline.edits)
    app.ask(SaveScreen(timeline.experiment, player.snapshot, later, player.saved), saved)


@command(
    "c",
    hint="gradcheck",
    words="gradient check verify test numerical finite difference debug correct",
    at_rest=True,
)
def gradcheck(app: BptuiApp) -> None:
    from bptui.app.screens.gradcheck import GradientCheckScreen

    def explain(selection: Selection) -> None:
        app.main.select(selection)
        app.main.uncover_derivation()

    app.ask(GradientCheckScreen(app.player.snapshot), explain)


@command(
    "x",
    hint="export",
    words="numpy torch pytorch python code script csv json latex markdown pdf svg picture "
    "screenshot image print download",
    at_rest=True,
)
def export(app: BptuiApp) -> None:
    from bptui.app.screens.export import ExportScreen

    def exported(file: Path) -> None:
        from bptui.presets.save import shown_path

        app.tell(f"exported to {shown_path(file)}")

    player = app.player
    app.clear_notifications()  # which would cover a part of the screen in a picture of it
    name, own = player.view().name, shown_file(app)
    app.ask(ExportScreen(name, player.timeline, player.snapshot, own), exported)


@command(
    "p",
    hint="presets",
    words="open load file network examples list browse mazur iris xor",
    at_rest=True,
)
def presets(app: BptuiApp) -> None:
    from bptui.app.screens.presets import NEW, PresetScreen

    def moved(old: Path, new: Path | None) -> None:
        """Go on with the new name of a preset where it is the one that is open."""
        file = shown_file(app)
        if file is not None and file.absolute() == old.absolute():
            app.player.saved = new

    def open_preset(chosen: Experiment | New) -> None:
        if chosen is NEW:
            open_form(app, None)
        else:
            app.main.look(None)
            app.player.open(chosen)

    app.ask(PresetScreen(shown_file(app), moved), open_preset)


def shown_file(app: BptuiApp) -> Path | None:
    """Return the file that what is shown was saved as, or came from."""
    origin = origin_of(app.player.snapshot.experiment)
    return app.player.saved or (None if origin is None else origin.file)
