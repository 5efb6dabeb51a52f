"""Draws the line above the diagram: what each layer is, and the matrices of the operation."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.app.diagram.scene import Scene
from bptui.app.styles import GLYPHS, Highlight, highlight

DERIVATIVES = "dL/d"
"""Above the second column of values: what stands there is the derivative by what stands before."""


def draw_captions(scene: Scene) -> None:
    """Name the layers; between two of them what the operation reads and writes of the weights."""
    canvas, layout, styles = scene.canvas, scene.layout, scene.styles
    end = 0
    for layer in range(len(layout.columns)):
        text = "input" if layer == 0 else scene.network.activations[layer - 1]
        width = layout.columns[layer][0].width
        heading = DERIVATIVES if layer > 0 and layout.style.columns > 1 else ""
        text = text[: width - len(heading) - 1 if heading else width + 6]
        x = layout.left(layer) + (width - len(heading) - len(text)) // 2
        x = min(max(x, 0), layout.width - len(text))
        canvas.write(0, x, text, styles.dim)
        if layer > 0:
            _draw_matrices(scene, layer, end + 1, x - 1)
        end = x + len(text)
        if heading:
            end = layout.right(layer) - layout.style.bordered
            canvas.write(0, end - len(heading), heading, styles.dim)


def _draw_matrices(scene: Scene, layer: int, left: int, right: int) -> None:
    """``gW2◂`` above the edges, as far as there is room; what is written comes before the rest."""
    names, layout = scene.names, scene.layout
    titles = (names.weight_gradient(layer), names.weights(layer))
    touched = [(title, highlight(scene.view, title)) for title in titles]
    shown = [(title, each) for title, each in touched if each]
    while shown and _length(shown) > right - left:
        shown.remove(next((pair for pair in shown if pair[1] == "read"), shown[0]))
    gap = (layout.right(layer - 1) + layout.left(layer)) // 2
    x = min(max(gap - _length(shown) // 2, left), right - _length(shown))
    for title, each in shown:
        style = scene.styles.highlighted(scene.styles.strong, each)
        scene.canvas.write(0, x, title + GLYPHS[each], style)
        x += len(title) + 2


def _length(shown: Sequence[tuple[str, Highlight]]) -> int:
    return sum(len(title) + 2 for title, _ in shown) - 1
