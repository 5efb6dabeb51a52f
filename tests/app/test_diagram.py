"""The diagram's geometry: nothing overlaps, everything lies inside, omissions are counted."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Region

from bptui.app.diagram.edges import BESIDE, Wires, at_ends, edges, telling, wires_of
from bptui.app.diagram.layout import Layout, arrange
from bptui.app.playback.run import SPEEDS
from bptui.app.styles import own_styles
from bptui.app.view import Selection, View
from bptui.core.history import LossHistory
from bptui.core.network import Network
from bptui.core.timeline import Timeline
from bptui.presets.files import load

LAYERS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 350)), min_size=2, max_size=9)
SMALL = st.lists(st.integers(1, 7), min_size=2, max_size=4)


def network(layers: tuple[int, ...] | list[int], *, bias: bool = True) -> Network:
    return Network(tuple(layers), ("sigmoid",) * (len(layers) - 1), bias)


@given(LAYERS, st.integers(10, 300), st.integers(4, 100), st.booleans())
@settings(deadline=None, max_examples=25)
def test_units_lie_inside_and_apart_and_each_is_drawn_or_counted(
    layers: list[int], width: int, height: int, bias: bool
) -> None:
    layout = arrange(network(layers, bias=bias), width, height)
    area = Region(0, 1, layout.width, height - 1)  # row 0 holds the captions
    placed = [place.region for place in layout.places]
    placed += [Region(each.x, each.y, each.width, 1) for each in layout.omissions]
    assert layout.width >= width
    assert all(area.contains_region(each) for each in placed)
    assert not any(one.overlaps(other) for one, other in combinations(placed, 2))
    counted = {each.x: each.count for each in layout.omissions}
    for units, column in zip(layers, layout.columns, strict=True):
        shown = [place.unit for place in column]
        assert shown == sorted(set(shown))
        assert (shown[0], shown[-1]) == (0, units - 1)
        assert len(shown) + counted.get(column[0].x, 0) == units


@given(SMALL, st.integers(30, 200), st.integers(10, 60), st.integers(5, 8))
@settings(deadline=None, max_examples=25)
def test_edges_run_from_unit_to_unit_and_labels_stand_between_and_apart(
    layers: list[int], width: int, height: int, length: int
) -> None:
    layout = arrange(network(layers), width, height)
    drawn = edges(layout)
    for edge in drawn:
        source = layout.place(edge.layer - 1, edge.source)
        destination = layout.place(edge.layer, edge.destination)
        touched = {(row, column) for row, column, _, _ in edge.cells}
        columns = [column for _, column in touched]
        assert (source.middle, min(columns)) in touched
        assert (destination.middle, max(columns)) in touched
        assert (min(columns), max(columns)) == (source.region.right, destination.x - 1)
        assert all(dash & ~bits == 0 for _, _, bits, dash in edge.cells)
        solid, dashed = (sum(cell[at].bit_count() for cell in edge.cells) for at in (2, 3))
        assert 0 < dashed < solid
    spots = at_ends(layout, drawn, length, drawn)
    labels = [Region(spot.cell[1], spot.cell[0], length, 1) for spot in spots.values()]
    assert not any(one.overlaps(other) for one, other in combinations(labels, 2))
    for (edge, (cell, _, led)), label in zip(spots.items(), labels, strict=True):
        assert label.right in (layout.left(edge.layer), layout.left(edge.layer) - 1)
        assert 1 <= label.y < height
        assert led.start == edge.start
        if label.x > layout.right(edge.layer - 1):
            assert led.end == (cell[1] - 1, cell[0])
    for layer in range(1, len(layers)):
        mine = [edge for edge in spots if edge.layer == layer]
        down = sorted(mine, key=lambda edge: spots[edge].cell)
        assert down == sorted(mine, key=lambda edge: (edge.destination, edge.source))
        sources, destinations = (len(layout.columns[at]) for at in (layer - 1, layer))
        assert len(mine) == min(sources * destinations, height - 1)


@pytest.mark.parametrize("present", [False, True])
@pytest.mark.parametrize("size", [(78, 11), (78, 9), (118, 20), (158, 28)])
@pytest.mark.parametrize("preset", ["article", "mazur", "hagan", "negnevitsky", "and", "xor"])
def test_every_weight_stands_beside_the_unit_that_it_leads_into(
    preset: str, size: tuple[int, int], present: bool
) -> None:
    """At every size, and each has its name: nobody has to guess which edge it is of."""
    wires, layout = drawn_wires(preset, size, Selection(), present)
    network = load(preset).network
    assert len(wires.labels) == sum(a * b for a, b in pairwise(network.layers))
    for label in wires.labels:
        edge, (row, column) = label.edge, label.cell
        assert label.name == network.names.weight(edge.layer, edge.source, edge.destination)
        away = [abs(place.middle - row) for place in layout.columns[edge.layer]]
        assert away[edge.destination] == min(away)
        assert column >= layout.right(edge.layer - 1) + BESIDE


def test_of_many_edges_those_along_the_selected_path_remain() -> None:
    """Into the selected unit, out of it, and on from the end of the strongest one."""
    layout = arrange(network((3, 9, 9, 2)), 120, 60)
    every = edges(layout)
    sizes = {edge: abs(float(np.sin(number))) for number, edge in enumerate(every)}
    cases = [Selection("unit", 2, 4), Selection("weight", 2, 4, 7), Selection("weight", layer=0)]
    for selection in cases:
        kept = telling(layout, sizes, selection)
        assert [sizes[edge] for edge in kept] == sorted(map(sizes.__getitem__, kept))
        layers = [[edge for edge in kept if edge.layer == layer] for layer in (1, 2, 3)]
        assert len(layers[0]) == 3
        assert len(layers[1]) == 8
        assert len(layers[2]) == 2
        into, out = {edge.destination for edge in layers[1]}, {edge.source for edge in layers[2]}
        if selection.layer:
            assert into == out == {4}
            source = selection.source if selection.kind == "weight" else layers[1][-1].source
            assert {edge.destination for edge in layers[0]} == {source}
    few = arrange(network((2, 3, 2)), 120, 40)
    sizes = dict.fromkeys(edges(few), 1.0)
    assert telling(few, sizes, Selection()) == [*sizes]


def drawn_wires(
    preset: str, size: tuple[int, int], selection: Selection, present: bool = False
) -> tuple[Wires, Layout]:
    experiment = load(preset)
    layout = arrange(experiment.network, *size, selection.units, present)
    snapshot = Timeline(experiment).snapshot(0)
    view = View(snapshot, LossHistory(), 0, False, SPEEDS[0], selection=selection, pointed=True)
    return wires_of(layout, edges(layout), view, own_styles(True)), layout


def test_paths_to_the_loss_are_heavier_and_named_brightly() -> None:
    """So that they are told apart without colours, too."""
    wires, _ = drawn_wires("article", (118, 20), Selection())
    heavy = {stroke.edge.selection for stroke in wires.strokes if stroke.heavy}
    onward = {Selection("weight", 2, 0), Selection("weight", 2, 1)}
    assert heavy == {Selection(), *onward}
    assert {label.edge.selection for label in wires.labels if label.lit} == onward
    for edge, *_ in wires.strokes:
        dots = [sum(cell[2].bit_count() for cell in edge.dots(heavy)) for heavy in (False, True)]
        assert dots[1] > 1.5 * dots[0]
