"""The app's command that exports what is shown."""

from __future__ import annotations

from pathlib import Path

from bptui.app.editing import EditingApp


class ExportingApp(EditingApp):
    """Opens the dialog of exports on what is shown."""

    def action_export(self) -> None:
        self._at_rest(self._ask_export)

    def _ask_export(self) -> None:
        from bptui.app.screens.export.job import Shown
        from bptui.app.screens.export.screen import ExportScreen

        player = self._player
        self.clear_notifications()  # which would cover a part of the screen in a picture of it
        shown = Shown(player.view().name, player.timeline, player.snapshot)
        self.push_screen(ExportScreen(shown, self._file), self._exported)

    @property
    def _file(self) -> Path | None:
        """The file that what is shown was saved as, or came from."""
        raise NotImplementedError

    def _exported(self, file: Path | None) -> None:
        from bptui.presets.save import shown_path

        if file is not None:
            self._tell(f"exported to {shown_path(file)}")
