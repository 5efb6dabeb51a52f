"""What an operation reads and writes is lit; what is yet to be computed is a dot."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from bptui.app.app import BptuiApp
from bptui.app.diagram.drawing import quantities, quantity_of
from bptui.app.view import Selection
from bptui.core.backprop import Operation
from bptui.core.timeline import Timeline
from bptui.presets import load
from bptui.terminal.capabilities import USUAL

from .styled import Text, cell, title, unit_rows
from .support import Session, drawn_experiment, opened, reads_as, units_values

GLYPHS = {"": " ", "read": "▸", "written": "◂"}


def touch(operation: Operation, *quantities: str) -> str:
    if set(quantities) & set(operation.writes):
        return "written"
    return "read" if set(quantities) & set(operation.reads) else ""


async def walk(session: Session) -> AsyncIterator[tuple[Operation, set[str]]]:
    """Go through the operations of step 0; each with the names of what is not computed yet."""
    operations = session.app.player.snapshot.operations
    for number, operation in enumerate(operations, 1):
        await session.press("n")
        await session.until(lambda n=number: f" {n}/{len(operations)} " in session.status(), "n")
        left = {name for each in operations[number:] for name in each.writes}
        yield operation, left


def number_of(text: Text) -> str:
    return re.split(r"[\s▸◂]+", text.text)[-1]


def mark_of(text: Text) -> str:
    """The glyph behind the label of a row."""
    return "".join(sorted(set("▸◂") & set(text.text))) or " "


@pytest.mark.parametrize("name", ["article", "mazur"])
async def test_the_matrices_of_every_operation(name: str) -> None:
    snapshot = Timeline(load(name)).snapshot(0)
    async with opened(name) as session:
        await session.press("tab", "tab")
        kinds = [("W", "gW", False)] + [("b", "gb", True)] * (name == "mazur")
        async for operation, left in walk(session):
            for layer in (1, 2):
                for weight, gradient, bias in kinds:
                    there = Selection("bias" if bias else "weight", layer, 1, 0 if bias else 1)
                    for panel, quantity in (("#weights", weight), ("#gradients", gradient)):
                        quantity = f"{quantity}{layer}"
                        expected = touch(operation, quantity)
                        heading = title(session, panel, layer, bias=bias)
                        assert heading.text == quantity
                        assert heading.glyph == GLYPHS[expected], (operation.name, quantity)
                        shown = cell(session, panel, there)
                        assert shown.touch == heading.touch == expected
                        if quantity in left and panel == "#gradients":
                            assert shown.text.strip() == "·"
                            continue
                        if panel == "#gradients":
                            parameters = snapshot.gradients
                        elif operation.name == "update":
                            parameters = snapshot.updated_parameters
                        else:
                            parameters = snapshot.parameters
                        values = parameters.biases if bias else parameters.weights
                        assert values is not None
                        value = values[layer - 1][1] if bias else values[layer - 1][1, 1]
                        assert reads_as(shown.text, float(value))


@pytest.mark.parametrize(
    ("name", "size"),
    [("article", (120, 36)), ("mazur", (160, 60)), ("article", (80, 24)), ("mazur", (80, 24))],
)
async def test_the_units_of_every_operation(name: str, size: tuple[int, int]) -> None:
    snapshot = Timeline(load(name)).snapshot(0)
    names = snapshot.experiment.network.names
    async with opened(name, size) as session:
        async for operation, left in walk(session):
            for layer in (0, 1, 2):
                rows = unit_rows(session, layer, 1)
                name_text = rows.pop("name")
                of_unit = {*quantities(names, layer)}
                assert name_text.glyph == GLYPHS[touch(operation, *of_unit)]
                expected = {"out"} if layer == 0 else {"net", "out", "dL/dout", "delta"}
                assert rows.keys() - {"target", "b", "gb"} == expected
                for value, text in rows.items():
                    quantity = quantity_of(names, layer, value) if layer else "input"
                    lit = touch(operation, quantity)
                    assert text.touch == lit, (operation.name, value)
                    if layer > 0:
                        assert mark_of(text) == GLYPHS[lit]
                    if quantity in left and value != "b":
                        assert number_of(text) == "·"
                    else:
                        assert reads_as(
                            number_of(text), float(units_values(snapshot, layer, value)[1])
                        )


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
                    look = (mark_of(rows[label]), bool(rows[label].style.underline))
                    looks[touch(operation, quantity(layer))].add(look)
    assert looks == {"": {(" ", False)}, "read": {("▸", True)}, "written": {("◂", True)}}


async def test_the_operations_of_the_article_in_words() -> None:
    """A table written by hand: what is lit at some operations."""
    async with opened("article") as session:
        async for operation, _ in walk(session):
            rows = {layer: unit_rows(session, layer, 0) for layer in (0, 1, 2)}
            if operation.name == "net_h":
                assert rows[0]["out"].touch == "read"
                assert title(session, "#weights", 1).touch == "read"
                assert rows[1]["net"].touch == "written"
            if operation.name == "L":
                assert rows[2]["out"].touch == rows[2]["target"].touch == "read"
            if operation.name == "gW2":
                assert rows[1]["out"].touch == rows[2]["delta"].touch == "read"
                assert title(session, "#gradients", 2).touch == "written"
                assert "gW2◂" in session.inside("#network")[0]
            if operation.name == "update":
                assert title(session, "#weights", 1).touch == "written"
                assert title(session, "#gradients", 2).touch == "read"


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


async def test_the_whole_step_lights_nothing() -> None:
    async with opened("mazur") as session:

        def lit() -> set[str]:
            panels = ("#network", "#weights", "#gradients")
            return set("▸◂·") & {char for name in panels for char in "".join(session.inside(name))}

        assert not lit()
        await session.press("n")
        await session.until(lit, "an operation")
        await session.press("s")
        await session.step(1)
        assert not lit()
        for layer in (1, 2):
            assert cell(session, "#weights", Selection("weight", layer, 1, 1)).touch == ""


async def test_units_on_single_lines_carry_the_glyphs() -> None:
    async with opened(drawn_experiment((30, 20, 3)), (80, 24)) as session:
        await session.press("n")
        await session.until(lambda: " 1/12 " in session.status(), "the first operation")
        text = "\n".join(session.inside("#network"))
        for part in ("i1▸", "i30▸", "h1◂", "h20◂"):
            assert part in text
        assert "o1 " in text
        assert all(line.rstrip().endswith("·") for line in text.splitlines() if "o1 " in line)


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
