"""What of the diagram stays from one operation to the next: edges and boxes."""

from __future__ import annotations

from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.edges import Edge
from bptui.app.diagram.scene import Scene
from bptui.app.diagram.units import draw_box
from bptui.app.diagram.wires import draw_strokes, wires_of
from bptui.app.styles import highlight


class Background:
    """Drawn on the canvas of ``scene``, unless the one ``before`` is drawn the same.

    To be kept for the scenes that it fits.
    """

    def __init__(self, scene: Scene, edges: tuple[Edge, ...], before: Background | None) -> None:
        self.wires = wires_of(scene, edges)
        # edges without a label are lit themselves
        self._lit = len(self.wires.labels) < len(self.wires.strokes)
        self._look, self._weights = _look(scene, self._lit), scene.view.parameters.weights
        self._paper = (scene.layout, scene.styles, self.wires.strokes)
        self.canvas: Canvas = scene.canvas
        if before is not None and before._paper == self._paper:
            self.canvas = before.canvas
        else:
            self._draw(scene)

    def _draw(self, scene: Scene) -> None:
        draw_strokes(scene, self.wires)
        for place in (place for column in scene.layout.columns for place in column):
            draw_box(scene, place)
        for gap in scene.layout.omissions:
            text = f"… {gap.count} more"
            x = gap.x + (gap.width - len(text)) // 2
            scene.canvas.write(gap.y, x, text, scene.styles.dim)

    def fits(self, scene: Scene) -> bool:
        """Whether it would be drawn the same for ``scene``."""
        pairs = zip(self._weights, scene.view.parameters.weights, strict=False)
        return self._look == _look(scene, self._lit) and all(one is other for one, other in pairs)


def _look(scene: Scene, lit: bool) -> object:
    """All that the background is drawn from but the weights."""
    view = scene.view
    return (
        *(scene.layout, scene.styles, scene.focused, view.selection),
        _touched(scene) if lit else None,
    )


def _touched(scene: Scene) -> tuple[object, ...]:
    view, names = scene.view, scene.names
    layers = range(1, names.depth + 1)
    touched = (highlight(view, names.weights(each), names.weight_gradient(each)) for each in layers)
    return (view.operation is None, *touched)
