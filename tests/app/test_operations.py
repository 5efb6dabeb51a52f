"""Every operation of every preset shows its numbers; what it reads and writes is highlighted."""

from __future__ import annotations

import re

import pytest

from bptui.app.app import BptuiApp
from bptui.app.numbers import form_of, largest, loss, signed
from bptui.app.view import Selection
from bptui.core.backprop import Operation
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.own import shipped
from bptui.terminal.capabilities import USUAL

from .styled import (
    GLYPHS,
    Screen,
    cell,
    check_diagram,
    content,
    diagram,
    title,
    touch,
    unit_rows,
    walk,
)
from .support import Session, drawn_experiment, opened, reads_as

SIZES = [(80, 24), (160, 50)]


def check_edges(screen: Screen, session: Session, operation: Operation) -> set[int]:
    """The numbers on the edges; the layers that have some."""
    panel, layout = diagram(session)
    wires = panel.wires
    assert wires is not None
    area, view = content(session, "#network"), session.app.player.view()
    names, found = view.snapshot.experiment.network.names, set()
    for edge, (row, column) in wires.labels:
        shown, parameters = names.weights(edge.layer), view.parameters
        if names.weight_gradient(edge.layer) in operation.writes:
            shown, parameters = names.weight_gradient(edge.layer), view.snapshot.gradients
        numbers = parameters.weights[edge.layer - 1]
        value = float(numbers[edge.source, edge.destination])
        text = signed(value, form_of(largest(numbers), layout.label_decimals, 3)).strip()
        end = area.x + column + wires.label_width
        there = screen.piece(end - len(text), area.y + row, len(text))
        assert there.text == text, (operation.name, edge.layer)
        assert there.reversed or there.touch == touch(operation, shown)
        found.add(edge.layer)
    return found


@pytest.mark.parametrize("turn", range(len(SIZES)))
async def test_every_operation_of_every_preset(turn: int) -> None:
    """The sizes take turns with the presets."""
    async with opened("article", SIZES[turn]) as session:
        for name in [each.name for each in shipped()][turn :: len(SIZES)]:
            await session.app.player.open(load(name)).wait()
            assert f" {name} " in session.status()
            snapshot = session.app.player.snapshot
            async for operation, left in walk(session):
                await session.shows(f"Derivation: {operation.label} ")
                assert await check_diagram(session, operation, left)
                check_edges(Screen(session), session, operation)
                if operation.stage == "loss":
                    assert f"loss {loss(snapshot.loss)}" in session.status()


async def test_the_matrices_of_every_operation() -> None:
    snapshot = Timeline(load("mazur")).snapshot(0)
    async with opened("mazur") as session:
        async for operation, left in walk(session):
            updated = operation.name == "update"
            parameters = snapshot.updated_parameters if updated else snapshot.parameters
            for layer, kind in ((1, "W"), (2, "W"), (1, "b"), (2, "b")):
                bias = kind == "b"
                there = Selection("bias" if bias else "weight", layer, 1, 0 if bias else 1)
                for panel, prefix, shown in (
                    ("#weights", "", parameters),
                    ("#gradients", "g", snapshot.gradients),
                ):
                    quantity = f"{prefix}{kind}{layer}"
                    heading = title(session, panel, layer, bias=bias)
                    assert heading.text == quantity
                    assert heading.glyph == GLYPHS[touch(operation, quantity)]
                    text = cell(session, panel, there)
                    assert text.touch == heading.touch == touch(operation, quantity)
                    if prefix and quantity in left:
                        assert text.text.strip() == "·"
                        continue
                    value = ((shown.biases or ()) if bias else shown.weights)[layer - 1]
                    assert reads_as(text.text, float(value[1] if bias else value[1, 1]))


async def test_without_colours_what_is_read_never_looks_like_what_is_written() -> None:
    """Nor with an out that is bold by itself, nor where a terminal shows bold as a colour."""
    looks: dict[str, set[tuple[str, bool]]] = {"": set(), "read": set(), "written": set()}
    app = BptuiApp(load("article"), USUAL._replace(colours=False))
    async with app.run_test(size=(120, 36)):
        session = Session(app)
        names = app.player.snapshot.experiment.network.names
        async for operation, _ in walk(session):
            for layer in (1, 2):
                rows = unit_rows(session, layer, 0)
                quantities = {"net": names.net, "out": names.out, "delta": names.delta}
                for label, quantity in quantities.items():
                    look = (
                        "".join(sorted(set("▸◂") & set(rows[label].text))) or " ",
                        bool(rows[label].style.underline),
                    )
                    looks[touch(operation, quantity(layer))].add(look)
    assert looks == {"": {(" ", False)}, "read": {("▸", True)}, "written": {("◂", True)}}


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_nothing_moves_between_the_operations(size: tuple[int, int]) -> None:
    """Glyphs have room of their own, and a dot stands where a number's last digit does."""

    def shape(session: Session) -> str:
        # the names of matrices come and go in the diagram's first line
        lines = session.inside("#network")[1:]
        lines += session.inside("#weights") + session.inside("#gradients")
        text = re.sub("[▸◂─⠀-⣿]", " ", "\n".join(lines))
        return re.sub(
            r" *([+-]?\d\.\d+|[+-]\de-\d+|·)", lambda found: " " * (len(found[0]) - 1) + "#", text
        )

    async with opened("mazur", size) as session:
        before = shape(session)
        async for _ in walk(session):
            assert shape(session) == before


async def test_what_is_lit_comes_into_sight() -> None:
    layers = (3, 4, 4, 4, 4, 4, 4, 2)
    async with opened(drawn_experiment(layers), (80, 28)) as session:
        async for operation, _ in walk(session):
            named = {each for each in (*operation.reads, *operation.writes) if "W" in each}
            for panel, prefix in (("#weights", "W"), ("#gradients", "gW")):
                text = "\n".join(session.inside(panel))
                mine = {each for each in named if each.startswith(prefix)}
                assert not mine or any(f"{each}{glyph}" in text for each in mine for glyph in "▸◂")
            if operation.stage != "update":
                assert set("▸◂") & set("\n".join(session.inside("#network")))
            offsets = {session.panel(name).scroll_offset for name in ("#weights", "#gradients")}
            assert len(offsets) == 1  # the same cells beside each other
