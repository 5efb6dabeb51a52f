"""What the parts of the diagram are drawn on, and from."""

from __future__ import annotations

from typing import NamedTuple

from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.layout import Layout
from bptui.app.styles import Styles
from bptui.app.view import View
from bptui.core.network import Names, Network


class Scene(NamedTuple):
    """One drawing of a view; ``focused`` is whether the panel has the focus."""

    canvas: Canvas
    layout: Layout
    view: View
    styles: Styles
    focused: bool

    @property
    def network(self) -> Network:
        return self.view.snapshot.experiment.network

    @property
    def names(self) -> Names:
        return self.network.names
