"""One step at a time, forwards and back, and what the panels show of each."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bptui.core.experiment import Experiment, Training
from bptui.core.network import Network, Parameters
from bptui.core.timeline import Timeline
from bptui.presets import load

from ..core.support import assert_same_bits, data
from .support import SIZES, check_diagram, check_matrices, opened, reads_as

MAIN_SIZES = SIZES[:2]


@pytest.mark.parametrize("size", MAIN_SIZES)
async def test_a_step_and_back_shows_the_same_numbers(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        status = session.status()
        for part in ("article", "step 0", "all operations", "loss 0.163287"):
            assert part in status
        panels = [("Network",), ("Weights", "Gradients")]
        for selector, titles in zip(("#network", "#weights"), panels, strict=True):
            await session.bring(selector)
            assert all(f"─ {title} ─" in session.screen() for title in titles)
            assert "─ Derivation" in session.screen()
            assert " Loss " in session.screen()
        before, numbers = session.app.player.snapshot, session.inside("#weights")
        await session.press("s")
        await session.step(1)
        assert "loss 0.157921" in session.status()
        assert await check_matrices(session) == 16
        assert session.inside("#weights") != numbers
        await session.press("S")
        await session.step(0)
        assert session.status() == status
        assert session.inside("#weights") == numbers
        assert_same_bits(session.app.player.snapshot, before)


async def test_back_at_step_0_stays() -> None:
    async with opened("article") as session:
        before = session.screen()
        await session.press("S", "S")
        await session.step(0)
        assert session.screen() == before
        await session.press("s")
        await session.step(1)


async def test_many_presses_land_at_the_right_step() -> None:
    async with opened("article") as session:
        await session.press(*["s"] * 40)
        await session.step(40)
        await session.press(*["S"] * 15, "s", "s")
        await session.step(27)
        assert await check_matrices(session) == 16
        assert_same_bits(session.app.player.snapshot, Timeline(load("article")).snapshot(27))


async def test_restart_shows_the_start_values() -> None:
    async with opened("article") as session:
        before = session.inside("#network")
        await session.press("s", "s", "s")
        await session.step(3)
        await session.press("r")
        await session.step(0)
        assert session.inside("#network") == before


@pytest.mark.parametrize("size", SIZES)
async def test_every_number_is_the_engines(size: tuple[int, int]) -> None:
    async with opened("article", size) as session:
        for step in range(3):
            await session.step(step)
            assert await check_matrices(session) >= (16 if size >= (80, 24) else 8)
            assert await check_diagram(session) >= 4
            await session.press("s")


async def test_every_edge_carries_its_weight() -> None:
    async with opened("article") as session:
        await session.press("s")
        await session.step(1)
        weights = session.app.player.snapshot.parameters.weights
        values = [value for matrix in weights for value in matrix.ravel().tolist()]
        # every weight is positive, and in the units' boxes a plus sign is left out
        found = re.findall(r"\+\d\.\d+", "\n".join(session.inside("#network")))
        assert len(found) == len(values) == 8
        pairs = [next(v for v in values if reads_as(text, v)) for text in found]
        assert Counter(pairs) == Counter(values)


async def test_a_preset_with_mistakes_says_so() -> None:
    async with opened("article-listing-1") as session:
        assert "2 mistakes" in session.status()
        for name in session.app.player.snapshot.experiment.training.mistakes:
            assert name in session.border("#gradients")
        assert await check_matrices(session) == 16


async def test_an_edge_with_a_negative_weight_is_dashed() -> None:
    dots = {}
    for weight in (0.5, -0.5):
        start = Parameters.of([[[weight]]], None)
        network = Network((1, 1), ("sigmoid",), bias=False)
        edge = Experiment("edge", network, start, Training(), data([[1.0]], [[0.5]]))
        async with opened(edge) as session:
            text = "".join(session.inside("#network"))
            dots[weight] = sum((ord(c) - 0x2800).bit_count() for c in text if "⠀" <= c <= "⣿")
            assert f"{weight:+.2f}" in text
    assert 0 < dots[-0.5] < 0.7 * dots[0.5]
