"""The network diagram: units with their values, edges with their weights."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.diagram.background import Background
from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.captions import draw_captions
from bptui.app.diagram.choosing import neighbour, pick, region_of, region_touched
from bptui.app.diagram.edges import Edge, edges
from bptui.app.diagram.layout import Layout, arrange
from bptui.app.diagram.scene import Scene
from bptui.app.diagram.units import draw_unit
from bptui.app.diagram.wires import draw_labels
from bptui.app.lines import clickable
from bptui.app.numbers import ordinal
from bptui.app.panels.panel import Panel
from bptui.app.view import Direction, Selection, View
from bptui.core.network import Network

ELSEWHERE = clickable("tab: weights, gradients", "app.focus('weights')")
"""What a low screen shows in the place of the diagram while it has the focus."""
Wanted = tuple[tuple[int, int], ...]


class NetworkPanel(Panel):
    """Draws a sample of the batch going through the network: the first, or the one looked at."""

    def __init__(self) -> None:
        super().__init__("Network", "network")
        self._key: object = None
        self._layouts: dict[Wanted, tuple[Layout, tuple[Edge, ...]]] = {}
        self._background: Background | None = None
        self._canvas: Canvas | None = None

    def layout_of(
        self, network: Network, width: int, height: int, selection: Selection | None = None
    ) -> tuple[Layout, tuple[Edge, ...]]:
        """The layout in which the selection is drawn, and its edges."""
        if self._key != (network, width, height):
            self._key, self._layouts = (network, width, height), {}
        layout, drawn = self._arranged(network, width, height, ())
        units = () if selection is None else selection.units
        wanted = tuple(unit for unit in units if layout.place(*unit) is None)
        return self._arranged(network, width, height, wanted) if wanted else (layout, drawn)

    def _arranged(
        self, network: Network, width: int, height: int, wanted: Wanted
    ) -> tuple[Layout, tuple[Edge, ...]]:
        if wanted not in self._layouts:
            layout = arrange(network, width, height, wanted)
            if layout.width > width:  # leave a line for the scroll bar
                layout = arrange(network, width, height - 1, wanted)
            # the usual layout, and the last one in which the selection takes a place
            self._layouts = {key: kept for key, kept in self._layouts.items() if not key}
            self._layouts[wanted] = (layout, edges(layout))
        return self._layouts[wanted]

    def _current(self, view: View, width: int, height: int) -> tuple[Layout, tuple[Edge, ...]]:
        return self.layout_of(view.snapshot.experiment.network, width, height, view.selection)

    def extent(self, view: View, width: int, height: int) -> Size:
        layout, _ = self._current(view, width, height)
        return Size(max(layout.width, width), layout.height)

    def neighbour(self, view: View, direction: Direction) -> Selection:
        return neighbour(view.snapshot.experiment.network, view.selection, direction)

    def pick(self, view: View, x: int, y: int) -> Selection | None:
        if self._background is None:
            return None
        layout, _ = self._current(view, *self.container_size)
        return pick(view.snapshot.experiment.network, layout, self._background.wires, x, y)

    def spot(self, view: View) -> Region | None:
        return region_of(self._current(view, *self.container_size)[0], view.selection)

    def operation_spot(self, view: View) -> Region | None:
        return region_touched(view, self._current(view, *self.container_size)[0])

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        layout, drawn = self._current(view, width, height)
        styles = self.text_styles
        # blanks as dim as the boxes: the fewer pieces a line has, the sooner it is on the screen
        empty = Canvas(layout.width, layout.height, styles.dim)
        scene = Scene(empty, layout, view, styles, self.has_focus)
        if self._background is None or not self._background.fits(scene):
            self._background = Background(scene, drawn, self._background)
        canvas = self._background.canvas.copy()
        scene = scene._replace(canvas=canvas)
        draw_labels(scene, self._background.wires)
        draw_captions(scene)
        for place in (place for column in layout.columns for place in column):
            draw_unit(scene, place)
        notes = ["strongest edges"] if self._background.wires.some else []
        samples = _sample_notes(view)
        whole = ", ".join([*notes, *samples[:1]])
        if self.screen.has_class("low"):
            between = ", " if whole else ""
            self.note(Content.assemble(whole, between, ELSEWHERE), whole, *samples)
        else:
            self.note(whole, *samples)
        left = int(self.scroll_offset.x)
        before, self._canvas = self._canvas, canvas
        return [canvas.strip(row, before).crop(left, left + width) for row in range(layout.height)]


def _sample_notes(view: View) -> list[str]:
    """Which sample is drawn, and that it is another one than is looked at; the longest first."""
    batch, data = view.snapshot.batch, view.snapshot.experiment.data
    drawn = int(batch[view.row])
    elsewhere = view.sample is not None and view.sample != drawn
    if len(batch) == 1 and not elsewhere:
        return []
    shown, place = f"sample {drawn + 1}", f"{ordinal(view.row + 1)} of {len(batch)}"
    if not elsewhere or view.sample is None:
        return [f"{shown}, {place} in the batch", f"{shown}, {place}"]
    held_out = view.sample - data.samples
    other = f"{view.sample + 1}" if held_out < 0 else f"test sample {held_out + 1}"
    return [
        f"{shown}, {place} in the batch; {other} is not in it",
        f"{shown}; {other} is not in the batch",
        f"{shown}, not {other}",
    ]
