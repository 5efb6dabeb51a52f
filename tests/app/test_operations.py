"""Every operation shows its numbers; what it reads and writes is highlighted."""

import re

import numpy as np
import pytest

from bptui.app.diagram.edges import SIGNED
from bptui.app.numbers import form_of, largest, signed
from bptui.app.playback.breakpoints import LOSSES
from bptui.app.view import Selection
from bptui.core.arrays import Array
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.folders import shipped_names

from .styled import GLYPHS, Screen, cell, check_diagram, content, diagram, title, touch, walk
from .support import NUMBER, Session, drawn_experiment, opened, reads_as

SIZES = [(120, 36), (80, 24), (200, 60)]


def check_edges(screen: Screen, session: Session, operation: Operation) -> set[int]:
    """The numbers on the edges; the layers that have some."""
    wires = diagram(session)[0].wires
    area, view = content(session, "#network"), session.app.player.view()
    names, found = view.snapshot.experiment.network.names, set()
    for edge, (row, column), length, name, gradient, _ in wires.labels:
        shown, parameters = names.weights(edge.layer), view.parameters
        if names.weight_gradient(edge.layer) in operation.writes:
            shown, parameters = names.weight_gradient(edge.layer), view.snapshot.gradients
            name = gradient
        numbers = parameters.weights[edge.layer - 1]
        value = float(numbers[edge.source, edge.destination])
        form = form_of(largest(numbers), wires.number_width - SIGNED, 3)
        text = signed(value, form).strip()
        whole = screen.piece(area.x + column, area.y + row, length)
        assert whole.text.split() == [name, text]
        assert not whole.glyph.isalnum(), "glued to what follows"
        end = area.x + column + length
        there = screen.piece(end - len(text), area.y + row, len(text))
        assert there.text == text, (operation.name, edge.layer)
        assert there.reversed or there.touch == touch(operation, shown)
        found.add(edge.layer)
    return found


def written(snapshot: Snapshot, quantity: str, row: int) -> Array:
    """The numbers that an operation has given a quantity: of samples those of the one drawn."""
    if quantity == "loss":
        return np.array([snapshot.loss])
    parameters = {f"g{name}": array for name, array in snapshot.gradients.named().items()}
    parameters |= snapshot.updated_parameters.named()
    found = parameters.get(quantity)
    return snapshot.values[quantity][row] if found is None else found


def lit(screen: Screen) -> list[str]:
    """The numbers in the panels that are lit as written, and the loss in the top line."""
    found = list[str]()
    for y, line in enumerate(screen.lines):
        for match in NUMBER.finditer(line):
            if set(".e") & {*match[0]}:
                touched = screen.piece(match.start(), y, len(match[0])).touch
                if touched == "written" or line[: match.start()].endswith("loss "):
                    found.append(match[0])
    return found


def shows(session: Session, operation: Operation, quantities: list[str]) -> bool:
    """Whether an operation is explained, and of each of the quantities a number is lit."""
    view, screen = session.app.main.view, Screen(session)
    if not any(f"Derivation: {operation.label} " in line for line in screen.lines):
        return False
    texts = lit(screen)
    return all(
        any(
            reads_as(text, float(value))
            for value in written(view.snapshot, quantity, view.row).flat
            for text in texts
        )
        for quantity in quantities
    )


@pytest.mark.parametrize("turn", range(len(SIZES)), ids=lambda turn: str(SIZES[turn]))
async def test_every_operation_of_every_preset_shows_its_numbers(turn: int) -> None:
    """On the smallest screen all of them, on the others some, as is all of the diagram."""
    deep, names = drawn_experiment((3, 4, 4, 4, 4, 4, 2)), shipped_names()
    mine = names[turn :: 2 * len(SIZES)]
    async with opened("article", SIZES[turn]) as session:
        for made in (*map(load, names), deep) if SIZES[turn] == (80, 24) else map(load, mine):
            name = made.name
            await session.app.player.open(made).wait()
            await session.until(lambda n=name: f" {n} " in session.status(), name)
            values = session.app.player.snapshot.values
            async for operation, left in walk(session):
                wanted = [
                    each
                    for each in operation.writes
                    if each not in LOSSES  # of which the loss is the sum
                    # the weights of the deep one have no room on a small screen
                    and (made is not deep or (each in values and each[0] != "g"))
                ]
                await session.until(
                    lambda of=operation, wanted=wanted: shows(session, of, wanted),
                    f"the numbers of {name}, {operation.label}",
                )
                if name in mine:
                    assert await check_diagram(session, operation, left)
                    labelled = check_edges(Screen(session), session, operation)
                    layers = made.network.depth
                    assert labelled == {*range(1, layers + 1)}, "numbers of edges, named"


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


async def test_what_is_lit_is_in_sight_in_another_picture() -> None:
    async with opened(drawn_experiment((2, 2, 2, 2, 2, 2)), (80, 24)) as session:
        await session.press(*["n"] * 10)
        await session.until(lambda: session.app.player.position == 9, "the output layer")
        for title in ("Numbers", "Network"):
            await session.press("v")
            await session.shows(f"─ {title}")
            await session.rest()
            assert session.panel("#network").scroll_offset.x > 0
