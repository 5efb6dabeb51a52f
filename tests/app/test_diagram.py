"""The diagram's geometry: nothing overlaps, everything lies inside, omissions are counted."""

from itertools import combinations
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Region

from bptui.app.diagram.edges import crossing, edges
from bptui.app.diagram.labels import label_places
from bptui.app.diagram.layout import arrange
from bptui.app.diagram.wires import Wires, telling, wires_of
from bptui.app.playback.run import SPEEDS
from bptui.app.styles import own_styles
from bptui.app.view import Selection, View
from bptui.core.history import LossHistory
from bptui.core.network import Network
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.folders import shipped_names

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
    places = label_places(layout, drawn, length)
    labels = [Region(column, row, length, 1) for row, column in places.values()]
    for edge, spot in zip(places, labels, strict=True):
        assert layout.right(edge.layer - 1) <= spot.x
        assert spot.right <= layout.left(edge.layer)
    assert not any(one.overlaps(other) for one, other in combinations(labels, 2))
    for layer in range(1, len(layers)):
        of_layer = sum(edge.layer == layer for edge in places)
        sources, destinations = (len(layout.columns[at]) for at in (layer - 1, layer))
        assert of_layer in (0, sources * destinations)


@pytest.mark.parametrize("present", [False, True])
@pytest.mark.parametrize("size", [(78, 9), (78, 14), (70, 27), (78, 15), (118, 20), (150, 50)])
def test_labels_stand_on_their_edges_and_in_their_order(
    size: tuple[int, int], present: bool
) -> None:
    """So that none seems to belong to the edge that crosses its own."""
    for preset in shipped_names():
        layout = arrange(load(preset).network, *size, (), present)
        every = edges(layout)
        drawn = tuple(telling(layout, dict.fromkeys(every, 1.0), Selection()))
        for length in (6, 7, 10):
            places = label_places(layout, drawn, length)
            for edge, (row, column) in places.items():
                spanned = range(column, column + length)
                rows = [at for at, x, *_ in edge.cells if x in spanned]
                assert min(rows) - 1 <= row <= max(rows) + 1
            for (one, here), (other, there) in combinations(places.items(), 2):
                both = range(max(here[1], there[1]), min(here[1], there[1]) + length)
                if one.layer == other.layer and both:
                    ends = [one.row(x) - other.row(x) for x in (both[0], both[-1])]
                    assert any((here[0] - there[0]) * apart >= 0.0 for apart in ends)


@pytest.mark.parametrize(
    ("size", "present", "length"),
    [((78, 11), False, 10), ((78, 9), True, 10), ((78, 14), False, 11), ((118, 20), False, 11)],
)
def test_labels_leave_crossings_to_be_seen_and_no_other_edge_leads_on_from_them(
    size: tuple[int, int], present: bool, length: int
) -> None:
    """At 80x24 and 120x36, in a classroom too: it is seen which edge goes where."""
    layout = arrange(network((2, 2, 2), bias=False), *size, (), present)
    drawn = edges(layout)
    places = label_places(layout, drawn, length)
    assert len(places) == len(drawn)
    for edge, (row, column) in places.items():
        own = {(at, x) for at, x, *_ in edge.cells}
        others = {(at, x) for other in drawn for at, x, *_ in other.cells} - own
        assert others.isdisjoint({(row, column - 1), (row, column + length)})
    for layer in (1, 2):
        assert len({column for edge, (_, column) in places.items() if edge.layer == layer}) == 1
    for one, other in combinations(drawn, 2):
        met = crossing(one, other)
        if met is not None:
            rows = {floor(met[0]), ceil(met[0])}
            assert not any(row in rows for row, _ in places.values())


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


def drawn_wires(preset: str, size: tuple[int, int], selection: Selection) -> Wires:
    experiment = load(preset)
    layout = arrange(experiment.network, *size, selection.units)
    snapshot = Timeline(experiment).snapshot(0)
    view = View(snapshot, LossHistory(), 0, False, SPEEDS[0], selection=selection, pointed=True)
    return wires_of(layout, edges(layout), view, own_styles(True))


@pytest.mark.parametrize("size", [(78, 11), (86, 15), (118, 20), (158, 28)])
@pytest.mark.parametrize("preset", ["iris", "moons", "spirals", "circles", "xor"])
def test_numbers_on_edges_have_their_names_or_stand_alone(
    preset: str, size: tuple[int, int]
) -> None:
    """Of large networks the edges of one unit are drawn: the other end is enough of a name."""
    names = load(preset).network.names
    for selection in (Selection(), Selection("unit", 1, 2), Selection("weight", 2, 0, 3)):
        wires = drawn_wires(preset, size, selection)
        assert {label.edge.layer for label in wires.labels} == {*range(1, names.depth + 1)}
        for edge, _, name, *_ in wires.labels:
            ends = names.unit(edge.layer - 1, edge.source), names.unit(edge.layer, edge.destination)
            whole = names.weight(edge.layer, edge.source, edge.destination)
            same = [each for each in wires.labels if each.edge.layer == edge.layer]
            assert name in (whole, *ends) or (name == "" and len(same) == 1)
            assert [each.name for each in same].count(name) == 1
        if not names.counts_weights:
            for layer in range(1, names.depth + 1):
                mine = [stroke.edge for stroke in wires.strokes if stroke.edge.layer == layer]
                assert 1 in (len({e.source for e in mine}), len({e.destination for e in mine}))


def test_paths_to_the_loss_are_heavier_and_named_brightly() -> None:
    """So that they are told apart without colours, too."""
    wires = drawn_wires("article", (118, 20), Selection())
    heavy = {stroke.edge.selection for stroke in wires.strokes if stroke.heavy}
    onward = {Selection("weight", 2, 0), Selection("weight", 2, 1)}
    assert heavy == {Selection(), *onward}
    assert {label.edge.selection for label in wires.labels if label.lit} == onward
    for edge, *_ in wires.strokes:
        dots = [sum(cell[2].bit_count() for cell in edge.dots(heavy)) for heavy in (False, True)]
        assert dots[1] > 1.5 * dots[0]
