"""The line that says what shapes and colours of a picture mean."""

from __future__ import annotations

from rich.style import Style
from textual.strip import Strip

from bptui.app.lines import Line, fitted
from bptui.app.panels.learned.axes import number
from bptui.app.panels.learned.colours import LEVELS, SHADES
from bptui.app.panels.learned.marks import HOLLOW
from bptui.app.panels.learned.picture import Look, class_name
from bptui.app.panels.learned.reading import FILLS, Reading, Scale
from bptui.core.evaluation import Classes
from bptui.core.experiment import Experiment

NAME = 12
"""Cells that the name of a class may take."""


def legend(
    experiment: Experiment,
    classes: Classes | None,
    reading: Reading,
    look: Look,
    left: int,
    width: int,
) -> Strip:
    """Classes by shape, what is hollow, what is reversed, and the scale of a single output.

    From column ``left`` on, or from further left where ``width`` would cut it.
    """
    styles, line = look.styles, Line()
    if isinstance(reading, Scale):
        line.add(f"{number(reading.low)} ", styles.dim)
        if look.plain:
            line.add(FILLS, styles.dim)
        else:
            colours = reading.colours(look.palette)
            for level in range(LEVELS // 8, LEVELS, LEVELS // 4):
                line.add("  ", Style(bgcolor=colours[level]))
        line.add(f" {number(reading.high)}   ", styles.dim)
    count = 1 if classes is None else classes.count
    for label in range(count):
        coloured = classes is not None and not look.plain
        style = Style(color=look.palette.glyph(label), bold=True) if coloured else styles.strong
        line.add(look.glyph(label, count, False), style)
        if look.plain and not isinstance(reading, Scale):
            line.add(reading.fill(label * SHADES), styles.dim)
        name = "sample" if classes is None else class_name(experiment, label)
        line.add(f" {fitted(name, NAME)}  ", styles.dim)
    if len(experiment.data.test_inputs):
        tests = "".join(look.glyph(each, count, True) for each in range(count))
        line.add(tests if count <= len(HOLLOW) else "a b", styles.text)
        line.add(" test  ", styles.dim)
    if classes is not None:
        line.add(look.glyph(0, count, False), styles.strong + Style(reverse=True)).add(
            " wrong", styles.dim
        )
    drawn = line.strip()
    left = max(min(left, width - drawn.cell_length), 0)
    return Strip.join([Line().pad(left, styles.text).strip(), drawn])
