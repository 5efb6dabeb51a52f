"""The app's command that keeps loss curves for comparison."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.app.playing import PlayingApp
from bptui.app.view import Curve


class ComparingApp(PlayingApp):
    """Keeps the curves that the chart draws beside the current one."""

    def action_keep(self) -> None:
        self._at_rest(self._ask_name)

    def _ask_name(self) -> None:
        from bptui.app.screens.curves import CurveScreen, proposed

        view = self._player.view()
        name = proposed(
            view.snapshot.experiment, bool(view.edits), [each.name for each in view.kept]
        )
        current = Curve(name, view.losses.summary())
        self.push_screen(CurveScreen(current, view.kept), self._keep)

    def _keep(self, curves: Sequence[Curve] | None) -> None:
        if curves is not None:
            self._player.keep(curves)
