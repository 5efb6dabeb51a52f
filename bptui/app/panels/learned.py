"""What the network has learned: which pictures of it there are, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from bptui.app.lines import clickable, pressing, tabs
from bptui.app.panels.curve import curve
from bptui.app.panels.decision_map import decision_map
from bptui.app.panels.facts import facts_of
from bptui.app.panels.outputs import class_table, one_sample
from bptui.app.panels.panel import ViewPanel
from bptui.app.panels.picture import PALETTES, Look
from bptui.app.panels.pictures import Picture
from bptui.app.view import View
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


def learned(view: View, title: str, panel: ViewPanel, width: int, height: int) -> Picture:
    """Draw the picture of that title in a panel; the first one where there is none such."""
    app, titles = panel.app, pictures_of(view.snapshot.experiment)
    shown = title if title in titles else titles[0]
    few = app.native_ansi_color or app.console.color_system not in FULL_COLOURS
    palette, letters = PALETTES[app.current_theme.dark], panel.around.few_characters
    look = Look(panel.text_styles, palette, few, letters)
    made = PICTURES[shown][1](view, look, width, height)
    named = Content.assemble(clickable("o:", pressing("o")), " ", tabs(titles, [shown], "kind"))
    said = [Content(str(note)) for note in made.notes if note]
    notes = [*[Content(", ").join([*said, named])] * (len(titles) > 1), *made.notes]
    return made._replace(title=f"Learned: {shown}", notes=notes)
