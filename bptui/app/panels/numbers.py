"""The network number by number, in the place of its diagram: a step's values and gradients."""

from __future__ import annotations

from functools import lru_cache

from textual.geometry import Region, Size
from textual.strip import Strip

from bptui.app.diagram.scalars import Look, arranged, draw
from bptui.app.lines import Line, fitted
from bptui.app.panels.network import neighbour
from bptui.app.panels.panel import FollowingPanel
from bptui.app.styles import highlight
from bptui.app.view import Direction, Selection, View, selection_of
from bptui.core.engine import Snapshot
from bptui.explain.expression import Quantity
from bptui.explain.scalars import MOST, Scalar, count, of_unit, step_scalars
from bptui.explain.symbols import Symbols


class NumbersPanel(FollowingPanel[View, Selection]):
    """Draws every number that the loss of a sample is computed from, as long as these are few.

    Of a larger network those that the selected unit, or that of the weight, is computed from.
    """

    def __init__(self) -> None:
        super().__init__("Numbers", "numbers")

    def extent(self, view: View, width: int, height: int) -> Size:
        boxes = _boxes(view)
        whole = Region.from_union(boxes) if boxes else Region()
        return Size(whole.right, whole.bottom)

    def neighbour(self, view: View, direction: Direction) -> Selection:
        return neighbour(view.snapshot.experiment.network, view.selection, direction)

    def pick(self, view: View, x: int, y: int) -> Selection | None:
        """Return what is drawn at a cell: of a product its weight, of another number its unit."""
        found, names = _numbers(view), view.snapshot.experiment.network.names
        drawn = zip(found, _boxes(view), strict=True)
        one = next((one for one, box in drawn if box.contains(x, y)), None)
        if one is None:
            return None
        read = [found[at].quantity for at in one.inputs] if not one.name else []
        chosen = [
            selection_of(names, each.name, each.index or ()) for each in (*read, one.quantity)
        ]
        weights = (each for each in chosen if each is not None and each.kind == "weight")
        return next(weights, chosen[-1])

    def spot(self, view: View) -> Region | None:
        chosen = zip(_looks(view), _boxes(view), strict=True)
        return next((box for look, box in chosen if look.selected), None)

    def operation_spot(self, view: View) -> Region | None:
        """Return the boxes that the operation has written a number in."""
        drawn = zip(_looks(view), _boxes(view), strict=True)
        touched = (({look.touched, look.gradient_touched}, box) for look, box in drawn)
        written = [box for marks, box in touched if "written" in marks]
        return Region.from_union(written) if written else None

    def paint(self, view: View, width: int, height: int) -> list[Strip]:
        network, samples = view.snapshot.experiment.network, len(view.snapshot.batch)
        sample, found = int(view.snapshot.batch[view.row]) + 1, _numbers(view)
        self.entitle("Numbers: value │ gradient")
        notes = [f"sample {sample}; gradients of weights: all {samples} of the batch"]
        if count(network) > MOST:
            layer, unit = _unit(view)
            name = network.names.unit(layer, unit)
            notes = [f"{name} alone, sample {sample}; arrows select another unit", f"{name} alone"]
            if not found:
                said = f" {name} has {network.layers[layer - 1]:,} inputs, too many to draw each;"
                said += " right leads to the next layer."
                return [Line().add(fitted(said, width), self.text_styles.dim).strip()]
        self.note(*notes * (samples > 1 or len(notes) > 1), "")
        parameters = view.parameters.named()
        current = [
            one._replace(value=float(parameters[one.quantity.name][one.quantity.index or ()]))
            if one.name and one.quantity.name in parameters
            else one
            for one in found
        ]
        canvas = draw(current, _looks(view), self.text_styles, self.has_focus)
        return canvas.part(Region.from_offset(self.scroll_offset, (width, height)))


def _numbers(view: View) -> tuple[Scalar, ...]:
    """Return the numbers of the looked at sample; none where they are too many."""
    network = view.snapshot.experiment.network
    if count(network) <= MOST:
        return _computed(view.snapshot, view.row)
    layer, unit = _unit(view)
    if count(network, layer) > MOST:
        return ()
    return _computed(view.snapshot, view.row, of_unit(network, layer, unit, view.row))


def _unit(view: View) -> tuple[int, int]:
    """Return the unit that is selected or that a weight leads to; for an input the first one."""
    _, layer, unit, _ = view.selection
    return (layer, unit) if layer else (1, 0)


@lru_cache(maxsize=4)
def _computed(snapshot: Snapshot, row: int, only: tuple[Quantity, ...] = ()) -> tuple[Scalar, ...]:
    return step_scalars(snapshot, row, Symbols(snapshot.experiment.network.names).text, only)


def _boxes(view: View) -> tuple[Region, ...]:
    """Return where the numbers are drawn."""
    found = _numbers(view)
    return arranged(tuple(one.inputs for one in found)) if found else ()


def _looks(view: View) -> list[Look]:
    """Return what there is to see of each number by now."""
    network = view.snapshot.experiment.network
    names, gradients = network.names, network.gradients
    chosen = _quantity(view)
    # what the loss is made of has its gradient with the first operation of the backward pass
    first, looks = names.out_gradient(names.depth), list[Look]()
    for one in _numbers(view):
        own = one.quantity.name
        gradient = gradients.get(own, first)
        touched, behind = highlight(view, own), highlight(view, gradient)
        if not one.name:  # of what is read it is the result that is read
            touched = "written" if touched == "written" else ""
            behind = "written" if behind == "written" else ""
        known, selected = view.computed(own), bool(one.name) and one.quantity == chosen
        looks.append(Look(known, view.computed(gradient), touched, behind, selected))
    return looks


def _quantity(view: View) -> Quantity:
    """Return the number that the selection is: of a unit what it puts out."""
    selection, names = view.selection, view.snapshot.experiment.network.names
    layer, unit = selection.layer, selection.unit
    if selection.kind == "weight":
        return Quantity(names.weights(layer), (selection.source, unit))
    if selection.kind == "bias":
        return Quantity(names.bias(layer), (unit,))
    return Quantity(names.out(layer), (view.row, unit))
