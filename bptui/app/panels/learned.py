"""What the network has learned, in the place of its diagram: one picture after another."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.lines import clickable, pressing, tabs
from bptui.app.panels.curve import curve
from bptui.app.panels.decision_map import decision_map
from bptui.app.panels.facts import facts_of
from bptui.app.panels.outputs import class_table, one_sample
from bptui.app.panels.panel import FollowingPanel
from bptui.app.panels.picture import PALETTES, Look, Picture
from bptui.app.view import Direction, Selection, View
from bptui.core.experiment import Experiment

FULL_COLOURS = ("truecolor", "256")
Draw = Callable[[View, Look, int, int], Picture]
PICTURES: dict[str, tuple[Callable[[Experiment], bool], Draw]] = {
    "decision map": (lambda experiment: experiment.network.layers[0] == 2, decision_map),
    "curve": (lambda experiment: experiment.network.layers[0] == 1, curve),
    "classes": (lambda experiment: facts_of(experiment).classes is not None, class_table),
    "one sample": (lambda experiment: True, one_sample),
}
"""By their titles, the most telling one first: for which experiments, and how it is drawn."""


def pictures_of(experiment: Experiment) -> list[str]:
    """Return the titles of the pictures that there are for an experiment."""
    return [title for title, (fits, _) in PICTURES.items() if fits(experiment)]


class LearnedPanel(FollowingPanel[View, Selection]):
    """Shows the network at the shown step's parameters."""

    def __init__(self) -> None:
        super().__init__("Learned", "learned")
        self.number = 0
        """Which of the pictures is shown."""
        self._made: tuple[object, Picture] | None = None

    def drawn_from(self, view: View) -> object:
        """Return what is drawn; while nothing runs it may be drawn with more care."""
        return view.picture, view.running or view.seeking is not None

    def title(self, view: View) -> str:
        titles = pictures_of(view.snapshot.experiment)
        return titles[min(self.number, len(titles) - 1)]

    def show_picture(self, number: int) -> bool:
        """Show that picture, counted from 0; return whether there are so many."""
        there = self.view is not None and number < len(pictures_of(self.view.snapshot.experiment))
        if there:
            self.number = number
            self.scroll_home(animate=False)
            self.repaint()
        return there

    def action_picture(self, title: str) -> None:
        """Show the picture of this title."""
        if self.view is not None:
            self.show_picture(pictures_of(self.view.snapshot.experiment).index(title))

    def _picture(self, view: View, width: int, height: int) -> Picture:
        """Return the picture of the view, drawn once for all that is asked of it."""
        app, title = self.app, self.title(view)
        few = app.native_ansi_color or app.console.color_system not in FULL_COLOURS
        palette, letters = PALETTES[app.current_theme.dark], self.around.few_characters
        look = Look(self.text_styles, palette, few, letters)
        key = (view.picture, view.running, title, look, width, height)
        if self._made is None or self._made[0] != key:
            self._made = (key, PICTURES[title][1](view, look, width, height))
        return self._made[1]

    def extent(self, view: View, width: int, height: int) -> Size:
        return self._picture(view, width, height).size

    def neighbour(self, view: View, direction: Direction) -> Selection | None:
        """Return the next output, where there are several: some pictures show one of them."""
        network = view.snapshot.experiment.network
        selection, last = view.selection, network.depth
        if network.layers[-1] == 1:
            return None
        if (selection.kind, selection.layer) != ("unit", last):
            return Selection("unit", last, 0)
        unit = selection.unit + (1 if direction in ("right", "down") else -1)
        return Selection("unit", last, min(max(unit, 0), network.layers[-1] - 1))

    def spot(self, view: View) -> Region | None:
        return self._picture(view, *self.container_size).spot

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        picture = self._picture(view, width, height)
        left, top = int(self.scroll_offset.x), int(self.scroll_offset.y)
        self.entitle(f"Learned: {self.title(view)}")
        titles = pictures_of(view.snapshot.experiment)
        named = tabs(titles, [self.title(view)], "picture")
        shown = Content.assemble(clickable("o:", pressing("o")), " ", named)
        said = [Content(picture.note)] * bool(picture.note)
        self.note(*[Content(", ").join([*said, shown])] * (len(titles) > 1), picture.note)
        rows = range(top, min(top + height, picture.size.height))
        return [picture.row(row).crop(left, left + width) for row in rows]
