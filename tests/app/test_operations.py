"""Every operation shows its numbers; what it reads and writes is highlighted."""

from __future__ import annotations

import re

import pytest

from bptui.app.diagram.edges import SIGNED
from bptui.app.numbers import form_of, largest, loss, signed
from bptui.app.view import Selection
from bptui.core.backprop import Operation
from bptui.core.timeline import Timeline
from bptui.presets.files import load

from .styled import (
    GLYPHS,
    Screen,
    cell,
    check_diagram,
    content,
    diagram,
    title,
    touch,
    walk,
)
from .support import Session, drawn_experiment, opened, reads_as


def check_edges(screen: Screen, session: Session, operation: Operation) -> set[int]:
    """The numbers on the edges; the layers that have some."""
    wires = diagram(session)[0].wires
    assert wires is not None
    area, view = content(session, "#network"), session.app.player.view()
    names, found = view.snapshot.experiment.network.names, set()
    for edge, (row, column) in wires.labels:
        shown, parameters, prefix = names.weights(edge.layer), view.parameters, ""
        if names.weight_gradient(edge.layer) in operation.writes:
            shown, parameters = names.weight_gradient(edge.layer), view.snapshot.gradients
            prefix = "g"
        name = prefix + names.weight(edge.layer, edge.source, edge.destination)
        numbers = parameters.weights[edge.layer - 1]
        value = float(numbers[edge.source, edge.destination])
        beside = wires.label_width - wires.number_width
        text = signed(value, form_of(largest(numbers), wires.number_width - SIGNED, 3)).strip()
        whole = screen.piece(area.x + column, area.y + row, wires.label_width)
        assert not beside or whole.text.lstrip("⠀⠄⠤⠂⠒⠉⠁").startswith(f"{name} "), whole
        end = area.x + column + wires.label_width
        there = screen.piece(end - len(text), area.y + row, len(text))
        assert there.text == text, (operation.name, edge.layer)
        assert there.reversed or there.touch == touch(operation, shown)
        found.add(edge.layer)
    return found


@pytest.mark.parametrize(
    ("size", "presets"),
    [((80, 24), "article-listing-1 iris xor"), ((160, 50), "mazur sine spirals")],
    ids=str,
)
async def test_every_operation_of_presets_of_every_kind(
    size: tuple[int, int], presets: str
) -> None:
    async with opened("article", size) as session:
        for name in presets.split():
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


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_nothing_moves_between_the_operations(size: tuple[int, int]) -> None:
    """Glyphs have room of their own, and a dot stands where a number's last digit does."""

    def shape(session: Session) -> str:
        # the names of matrices come and go in the diagram's first line
        lines = session.inside("#network")[1:]
        lines += session.inside("#weights") + session.inside("#gradients")
        text = re.sub("[▸◂─⠀-⣿]", " ", "\n".join(lines))
        text = re.sub(r"\bg(w\d+|b_\w+) ", r"\1  ", text)  # gradients in the place of weights
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
