"""Every operation of every preset shows its numbers, at any size, and is the one explained."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bptui.app.playback.breakpoints import LOSSES
from bptui.core.arrays import Array
from bptui.core.backprop import Operation
from bptui.core.engine import Snapshot
from bptui.presets.files import load
from bptui.presets.folders import shipped_names

from .styled import Screen, walk
from .support import NUMBER, Session, drawn_experiment, opened, reads_as

SIZES = [(120, 36), (80, 24), (200, 60)]


def written(snapshot: Snapshot, quantity: str, row: int) -> Array:
    """The numbers that an operation has given a quantity: of samples those of the one drawn."""
    if quantity == "loss":
        return np.array([snapshot.loss])
    parameters = {f"g{name}": array for name, array in snapshot.gradients.named().items()}
    parameters |= snapshot.updated_parameters.named()
    found = parameters.get(quantity)
    return snapshot.values[quantity][row] if found is None else found


def shown(session: Session) -> list[str]:
    """The numbers in the panels that are lit as written, and the loss in the top line."""
    screen, found = Screen(session), list[str]()
    for y, line in enumerate(session.lines()):
        for match in NUMBER.finditer(line):
            piece = screen.piece(match.start(), y, len(match[0]))
            lit = piece.touch == "written" or line[: match.start()].endswith("loss ")
            if lit and set(".e") & {*match[0]}:
                found.append(match[0])
    return found


def missing(session: Session, operation: Operation) -> list[str]:
    """What the operation has written without showing a number of it."""
    view, texts = session.app.main.view, shown(session)
    return [
        quantity
        for quantity in operation.writes
        if quantity not in LOSSES  # of which the loss is the sum
        and not any(
            reads_as(text, float(value))
            for value in written(view.snapshot, quantity, view.row).flat
            for text in texts
        )
    ]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_every_operation_of_every_preset_shows_its_numbers(size: tuple[int, int]) -> None:
    failed = []
    async with opened("article", size) as session:
        deep = drawn_experiment((3, 4, 4, 4, 4, 4, 2))
        for made in (*map(load, shipped_names()), deep):
            name = made.name
            await session.app.player.open(made).wait()
            await session.until(lambda n=name: f" {n} " in session.status(), name)
            async for operation, _ in walk(session):
                lines = session.lines()
                if f"Derivation: {operation.label} " not in "\n".join(lines):
                    failed.append((name, operation.label, "not explained"))
                values = session.app.player.snapshot.values
                failed += [
                    (name, operation.label, each)
                    for each in missing(session, operation)
                    # the weights of the deep one have no room on a small screen
                    if made is not deep or (each in values and each[0] != "g")
                ]
    assert not failed, "\n".join(map(str, failed))


@pytest.mark.parametrize("size", SIZES[:2], ids=str)
async def test_the_derivation_belongs_to_the_operation_in_the_top_line(
    size: tuple[int, int],
) -> None:
    """In every frame of a run at ten operations a second."""
    frames: list[tuple[str, str]] = []
    async with opened("mazur", size) as session:
        display = session.app._display
        labels = [each.label for each in session.app.player.snapshot.operations]

        def watch(*given: object) -> None:
            display(*given)  # type: ignore[arg-type]  # whatever it is given
            text = session.screen()
            top = next((each for each in labels if f"/12 {each} " in session.status()), "")
            told = re.search(r"─ Derivation: (.*?) ─", text)
            frames.append((top, told[1] if told else ""))

        await session.press("n")
        await session.press(*["minus"] * 20, *["plus"] * 4)
        await session.until(lambda: "10 op" in session.key_line(), "ten a second")
        session.app._display = watch  # type: ignore[method-assign]  # to see what is drawn
        await session.press("space")
        await session.until(lambda: {top for top, _ in frames} >= {*labels}, "every operation")
        await session.press("space")
        session.app._display = display  # type: ignore[method-assign]  # as it was
    assert not [frame for frame in frames if frame[0] and frame[0] != frame[1]]
