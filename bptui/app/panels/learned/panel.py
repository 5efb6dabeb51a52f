"""What the network has learned, in the place of its diagram: one picture after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.panels.following import FollowingPanel
from bptui.app.view import Direction, Selection, View
from bptui.core.experiment import Experiment

if TYPE_CHECKING:  # the pictures are not needed at the start
    from bptui.app.panels.learned.picture import Look, Picture

FULL_COLOURS = ("truecolor", "256")


def pictures_of(experiment: Experiment) -> list[Picture]:
    """The pictures that there are for an experiment, the most telling one first."""
    from bptui.app.panels.learned.bars import SamplePicture
    from bptui.app.panels.learned.classes import ClassesPicture
    from bptui.app.panels.learned.curve import CurvePicture
    from bptui.app.panels.learned.decision_map import DecisionMap
    from bptui.core.evaluation import classes_of

    classes, inputs = classes_of(experiment.data), experiment.network.layers[0]
    made: list[Picture] = []
    if inputs == 2:
        made.append(DecisionMap(experiment, classes))
    if inputs == 1:
        made.append(CurvePicture(experiment, classes))
    if classes is not None:
        made.append(ClassesPicture(experiment, classes))
    return [*made, SamplePicture(experiment, classes)]


class LearnedPanel(FollowingPanel):
    """Shows the network at the shown step's parameters."""

    def __init__(self) -> None:
        super().__init__("Learned", "learned")
        self._pictures: list[Picture] = []
        self._kind: type[Picture] | None = None
        self.add_class("absent")
        self.away = True

    def picture(self, view: View) -> Picture:
        """The picture that is shown: of the chosen kind, or the first where there is none."""
        experiment = view.snapshot.experiment
        if not self._pictures or self._pictures[0].experiment is not experiment:
            self._pictures = pictures_of(experiment)
        chosen = (each for each in self._pictures if type(each) is self._kind)
        return next(chosen, self._pictures[0])

    def begin(self) -> None:
        """Show the first picture."""
        self._kind = None
        self._shown_anew()

    def next_picture(self) -> bool:
        """Go on to the next picture; whether there was one more."""
        before = self.number
        self.show_picture(before + 1)
        return self.number > before

    @property
    def number(self) -> int:
        """Which of the pictures is shown, from 0 on."""
        if self.view is None:
            return 0
        shown = self.picture(self.view)  # first: the pictures may be of another experiment yet
        return self._pictures.index(shown)

    def show_picture(self, number: int) -> None:
        """Show that picture if there are so many."""
        if self.view is None:
            return
        self.picture(self.view)
        if number < len(self._pictures):
            self._kind = type(self._pictures[number])
            self._shown_anew()

    def _shown_anew(self) -> None:
        self.scroll_home(animate=False)
        self.repaint()

    @property
    def look(self) -> Look:
        from bptui.app.panels.learned.colours import palette
        from bptui.app.panels.learned.picture import Look

        app = self.app
        few = app.native_ansi_color or app.console.color_system not in FULL_COLOURS
        return Look(
            self.text_styles, palette(app.current_theme.dark), few, self.around.few_characters
        )

    def extent(self, view: View, width: int, height: int) -> Size:
        return self.picture(view).extent(view, width, height)

    def neighbour(self, view: View, direction: Direction) -> Selection | None:
        """The next output, where there are several: some pictures show one of them."""
        network = view.snapshot.experiment.network
        selection, last = view.selection, network.depth
        if network.layers[-1] == 1:
            return None
        if (selection.kind, selection.layer) != ("unit", last):
            return Selection("unit", last, 0)
        unit = selection.unit + (1 if direction in ("right", "down") else -1)
        return Selection("unit", last, min(max(unit, 0), network.layers[-1] - 1))

    def spot(self, view: View) -> Region | None:
        return self.picture(view).spot(view, self.container_size.height)

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        picture, look = self.picture(view), self.look
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        rows = picture.rows(view, look, Size(width, height), top, height)
        title = f"Learned: {picture.title}"
        if self.border_title != title:
            self.border_title = title
        self.note(picture.note(view))
        return [strip.crop(left, left + width) for strip in rows]
