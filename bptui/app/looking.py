"""The app's commands that look at the data: what was learned of it, and sample by sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from textual.widget import Widget

from bptui.app.checking import CheckingApp
from bptui.app.panels.loss import LossPanel
from bptui.app.panels.network import NetworkPanel
from bptui.app.panels.panel import Panel
from bptui.core.experiment import Experiment
from bptui.terminal.capabilities import Capabilities

if TYPE_CHECKING:  # made when they are first asked for
    from bptui.app.panels.samples import SamplesPanel

Other = TypeVar("Other", bound=Panel)


class LookingApp(CheckingApp):
    """Exchanges panels of the upper row for others, and keeps the sample that is looked at."""

    def __init__(self, experiment: Experiment, around: Capabilities) -> None:
        super().__init__(experiment, around)
        self._sample: int | None = None
        self._came_from: Widget | None = None

    def action_zoom(self) -> None:
        """The focused panel alone, or all panels again."""
        raise NotImplementedError

    def look_within(self, experiment: Experiment) -> int | None:
        """The sample that is looked at, as far as ``experiment`` has it."""
        last = experiment.data.samples + len(experiment.data.test_inputs) - 1
        return None if self._sample is None else min(self._sample, last)

    @property
    def sample(self) -> int | None:
        """The sample that was chosen to be looked at."""
        return self._sample

    def look(self, sample: int | None) -> None:
        """Look at a sample: one of training, or a test sample, counted on after those."""
        self._sample = sample
        self._player.show()

    def action_look(self, by: int) -> None:
        """So many samples further, of all there are."""
        snapshot, data = self._player.snapshot, self._player.snapshot.experiment.data
        here = int(snapshot.batch[0]) if self._sample is None else self._sample
        self.look(min(max(here + by, 0), data.samples + len(data.test_inputs) - 1))

    def action_sample(self) -> None:
        """The next sample of the batch; after the last one the first."""
        self._look_in_batch(+1)

    def action_sample_back(self) -> None:
        """The sample before in the batch; before the first one the last."""
        self._look_in_batch(-1)

    def _look_in_batch(self, by: int) -> None:
        batch = self._player.snapshot.batch
        rows = (batch == self._sample).nonzero()[0]
        # from a sample elsewhere on, or none, the first of the batch was shown
        row = int(rows[0]) if rows.size else 0
        if len(batch) == 1:
            self._tell("The batch of this step has only one sample.", self._place)
        self.look(int(batch[(row + by) % len(batch)]))

    def on_samples_panel_looked(self, message: SamplesPanel.Looked) -> None:
        self.look(message.sample)

    def action_learned(self) -> None:
        """From the diagram to one picture after another of what was learned, and back to it."""
        from bptui.app.panels.learned import LearnedPanel

        diagram = self.screen_stack[0].query_one(NetworkPanel)
        made = self.screen_stack[0].query(LearnedPanel)
        learned = made.first() if made else self._beside(diagram, LearnedPanel())
        covered = self._uncover(diagram, learned)
        if learned.has_class("absent"):
            learned.begin()
            self._exchange(diagram, learned)
        elif not covered and not learned.next_picture():
            self._exchange(learned, diagram)

    def action_samples(self) -> None:
        """The samples in the place of the loss, to move through them; or the loss again."""
        from bptui.app.panels.samples import SamplesPanel

        chart = self.screen_stack[0].query_one(LossPanel)
        made = self.screen_stack[0].query(SamplesPanel)
        samples = made.first() if made else self._beside(chart, SamplesPanel())
        covered = self._uncover(chart, samples)
        if samples.has_class("absent"):
            self._came_from = self.focused
            self._exchange(chart, samples)
            self.when_drawn(samples.focus)
        elif not covered:
            focused = samples.has_focus
            self._exchange(samples, chart)
            origin = self._came_from
            if focused and isinstance(origin, Panel) and not origin.away:
                self.when_drawn(origin.focus)

    def shows(self, panel_id: str) -> bool:
        """Whether that panel was asked for, rather than the one whose place it takes."""
        found = self.screen_stack[0].query(f"#{panel_id}")
        return any(not panel.has_class("absent") for panel in found)

    def _beside(self, panel: Panel, other: Other) -> Other:
        """Take the ``other`` panel, just made, into the screen."""
        self.screen_stack[0].query_one("#pictures").mount(other, after=panel)
        other.view = self.shown_view()
        return other

    def _uncover(self, *panels: Panel) -> bool:
        """Bring the place of ``panels`` to the screen; whether something else stood there."""
        screen = self.screen_stack[0]
        shown = next((each for each in panels if not each.has_class("absent")), panels[0])
        covered = not shown.size.area
        if screen.has_class("zoomed") and covered:
            self.action_zoom()
            self.when_drawn(self._focus_if_lost, shown)
        elif covered:  # by the weights or gradients, as one of them has the focus
            shown.focus()
        return covered

    def _focus_if_lost(self, panel: Panel) -> None:
        """Give a panel the focus where the one that had it is no longer on the screen."""
        if self.focused is None or not self.focused.is_on_screen:
            panel.focus()

    def _exchange(self, old: Panel, new: Panel) -> None:
        """Put ``new`` into the place of ``old``, zoomed and focused as that was."""
        old.add_class("absent")
        new.remove_class("absent")
        if old.has_class("alone"):
            old.remove_class("alone")
            new.add_class("alone")
        if old.has_focus:
            self.when_drawn(new.focus)
