"""The network number by number, in the place of its diagram: a step's values and gradients."""

from __future__ import annotations

from functools import lru_cache

from textual.geometry import Size

from bptui.app.diagram.scalars import Look, picture
from bptui.app.lines import Line, fitted
from bptui.app.panels.pictures import Picture, by_rows
from bptui.app.styles import Styles, highlight
from bptui.app.view import Selection, View, selection_of
from bptui.core.engine import Snapshot
from bptui.explain.expression import Quantity
from bptui.explain.scalars import MOST, Scalar, count, of_unit, step_scalars
from bptui.explain.symbols import Symbols

TITLE = "Numbers: value │ gradient"


def numbers(view: View, styles: Styles, focused: bool, width: int) -> Picture:
    """Draw every number that the loss of a sample is computed from, as long as these are few.

    Of a larger network those that the selected unit, or that of the weight, is computed from.
    """
    network, samples = view.snapshot.experiment.network, len(view.snapshot.batch)
    sample, found = int(view.snapshot.batch[view.row]) + 1, _numbers(view)
    notes = [f"sample {sample}; gradients of weights: all {samples} of the batch"]
    if count(network) > MOST:
        layer, unit = _unit(view)
        name = network.names.unit(layer, unit)
        notes = [f"{name} alone, sample {sample}; arrows select another unit", f"{name} alone"]
        if not found:
            said = f" {name} has {network.layers[layer - 1]:,} inputs, too many to draw each;"
            said += " right leads to the next layer."
            line = Line().add(fitted(said, width), styles.dim).strip()
            return by_rows(Size(width, 1), lambda row: line)._replace(title=TITLE, notes=notes)
    parameters = view.parameters.named()
    current = [
        one._replace(value=float(parameters[one.quantity.name][one.quantity.index or ()]))
        if one.name and one.quantity.name in parameters
        else one
        for one in found
    ]

    def pick(at: int) -> Selection | None:
        """Return what is drawn there: of a product its weight, of another number its unit."""
        one = found[at]
        read = [found[source].quantity for source in one.inputs] if not one.name else []
        chosen = [
            selection_of(network.names, each.name, each.index or ())
            for each in (*read, one.quantity)
        ]
        weights = (each for each in chosen if each is not None and each.kind == "weight")
        return next(weights, chosen[-1])

    drawn = picture(current, _looks(view, found), styles, focused, pick)
    notes = [*notes * (samples > 1 or len(notes) > 1), ""]
    touched = None if view.pointed else drawn.touched
    return drawn._replace(title=TITLE, notes=notes, touched=touched)


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


def _looks(view: View, found: tuple[Scalar, ...]) -> list[Look]:
    """Return what there is to see of each number by now."""
    network = view.snapshot.experiment.network
    names, gradients = network.names, network.gradients
    chosen = _quantity(view)
    # what the loss is made of has its gradient with the first operation of the backward pass
    first, looks = names.out_gradient(names.depth), list[Look]()
    for one in found:
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
