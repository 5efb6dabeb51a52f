"""The diagram's geometry: nothing overlaps, everything lies inside, omissions are counted."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.geometry import Region

from bptui.app.diagram.boxes import COMPLETE
from bptui.app.diagram.canvas import Canvas
from bptui.app.diagram.edges import edges, label_places, strongest
from bptui.app.diagram.layout import Layout, Place, arrange
from bptui.core.network import Network

LAYERS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 350)), min_size=2, max_size=9).map(
    tuple
)
WIDTHS, HEIGHTS = st.integers(10, 300), st.integers(4, 100)


def network(layers: tuple[int, ...], *, bias: bool = True) -> Network:
    return Network(layers, ("sigmoid",) * (len(layers) - 1), bias)


def region(place: Place) -> Region:
    return Region(place.x, place.y, place.width, place.height)


def regions(layout: Layout) -> list[Region]:
    units = [region(place) for column in layout.columns for place in column]
    return units + [Region(each.x, each.y, each.width, 1) for each in layout.omissions]


@given(LAYERS, WIDTHS, HEIGHTS, st.booleans())
@settings(deadline=None, max_examples=20)
def test_units_do_not_overlap_and_lie_inside(
    layers: tuple[int, ...], width: int, height: int, bias: bool
) -> None:
    layout = arrange(network(layers, bias=bias), width, height)
    area = Region(0, 1, layout.width, height - 1)  # row 0 holds the captions
    placed = regions(layout)
    assert layout.width >= width
    assert all(area.contains_region(each) for each in placed)
    for column in layout.columns:
        rows = [row for place in column for row in range(place.y, place.y + place.height)]
        assert len(rows) == len(set(rows))
    for one, other in combinations(placed, 2):
        assert not one.overlaps(other)


@given(LAYERS, WIDTHS, HEIGHTS)
@settings(deadline=None, max_examples=20)
def test_every_unit_is_drawn_or_counted(layers: tuple[int, ...], width: int, height: int) -> None:
    layout = arrange(network(layers), width, height)
    counted = {each.x: each.count for each in layout.omissions}
    for layer, column in enumerate(layout.columns):
        units = [place.unit for place in column]
        assert units == sorted(set(units))
        assert units[0] == 0
        assert units[-1] == layers[layer] - 1
        assert len(units) + counted.get(column[0].x, 0) == layers[layer]
        assert counted.get(column[0].x, 1) > 0


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    st.integers(40, 200),
    st.integers(12, 60),
    st.integers(5, 8),
)
@settings(deadline=None, max_examples=20)
def test_labels_stand_between_the_layers_and_apart(
    layers: tuple[int, ...], width: int, height: int, length: int
) -> None:
    layout = arrange(network(layers), width, height)
    drawn = edges(layout)
    places = label_places(layout, drawn, length)
    boxes = regions(layout)
    labels = [Region(column, row, length, 1) for row, column in places.values()]
    for (layer, _, _), spot in zip(places, labels, strict=True):
        assert layout.right(layer - 1) <= spot.x
        assert spot.right <= layout.left(layer)
    for one, other in combinations(labels, 2):
        assert not one.overlaps(other)
    assert not any(label.overlaps(box) for label in labels for box in boxes)
    for layer in range(1, len(layers)):
        of_layer = sum(key[0] == layer for key in places)
        sources, destinations = (len(layout.columns[at]) for at in (layer - 1, layer))
        assert of_layer in (0, max(sources, destinations), sources * destinations)


@pytest.mark.parametrize(("width", "height"), [(70, 27), (46, 14), (150, 50), (250, 90)])
def test_the_networks_to_read_have_every_edge_and_weight(width: int, height: int) -> None:
    for layers in ((2, 2, 2), (2, 4, 1)):
        layout = arrange(network(layers, bias=False), width, height)
        assert not layout.omissions
        drawn = edges(layout)
        assert len(drawn) == layers[0] * layers[1] + layers[1] * layers[2]
        if height > 20:
            assert len(label_places(layout, drawn, layout.label_decimals + 3)) == len(drawn)


def test_a_roomy_area_shows_every_value() -> None:
    assert arrange(network((2, 2, 2)), 120, 40).style is COMPLETE[0]


@given(
    st.lists(st.integers(1, 12), min_size=2, max_size=5).map(tuple),
    st.integers(30, 200),
    st.integers(10, 40),
)
@settings(deadline=None, max_examples=25)
def test_edges_run_from_unit_to_unit_and_dashes_are_part_of_the_line(
    layers: tuple[int, ...], width: int, height: int
) -> None:
    layout = arrange(network(layers), width, height)
    spots = {(place.layer, place.unit): place for column in layout.columns for place in column}
    for edge in edges(layout):
        source, destination = (
            spots[edge.layer - 1, edge.source],
            spots[edge.layer, edge.destination],
        )
        columns = [column for _, column, _, _ in edge.cells]
        assert min(columns) == source.x + source.width
        assert max(columns) == destination.x - 1
        touched = {(row, column) for row, column, _, _ in edge.cells}
        assert (source.middle, min(columns)) in touched
        assert (destination.middle, max(columns)) in touched
        solid = sum(bits.bit_count() for _, _, bits, _ in edge.cells)
        dashed = sum(bits.bit_count() for _, _, _, bits in edge.cells)
        assert all(dash & ~bits == 0 for _, _, bits, dash in edge.cells)
        assert 0 < dashed < solid


def test_the_strongest_edges_remain() -> None:
    layout = arrange(network((10, 10)), 80, 40)
    drawn = edges(layout)
    sized = [(float(size), -float(size), edge) for size, edge in enumerate(drawn)]
    kept, some = strongest(layout, sized)
    assert some
    assert [size for size, _, _ in kept] == [float(size) for size in range(80, 100)]
    few = sized[:16]
    assert strongest(layout, few) == (few, False)


def test_text_on_the_canvas_is_cut_off_at_the_edges() -> None:
    style = Style()
    canvas = Canvas(5, 2, style)
    for row in (-1, 0, 1, 2):
        canvas.write(row, row * 4, "abc", style)
    canvas.dot(0, 4, 0x01, style)
    canvas.dot(0, 4, 0x08, style)
    canvas.dot(9, 9, 0x08, style)
    assert [canvas.strip(row).text for row in range(2)] == ["abc ⠉", "    a"]
