"""The app's command that checks the gradients of the shown step."""

from __future__ import annotations

from bptui.app.exporting import ExportingApp
from bptui.app.view import Selection


class CheckingApp(ExportingApp):
    """Opens the gradient check; what is chosen there is selected and explained."""

    def select(self, selection: Selection) -> None:
        """Select something at the shown place in time."""
        raise NotImplementedError

    def show_derivation(self) -> bool:
        """Bring the derivation to the screen; whether it was not there."""
        raise NotImplementedError

    def action_gradcheck(self) -> None:
        self._at_rest(self._check_gradients)

    def _check_gradients(self) -> None:
        from bptui.app.screens.gradcheck import GradientCheckScreen

        self.push_screen(GradientCheckScreen(self._player.snapshot), self._chosen)

    def _chosen(self, selection: Selection | None) -> None:
        if selection is not None:
            self.select(selection)
            self.show_derivation()
