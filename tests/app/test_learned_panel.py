"""The panel of what was learned: its pictures in turn, at every size, and its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.app.panels.learned.bars import SamplePicture
from bptui.core.arrays import frozen
from bptui.core.network import Network
from bptui.presets import load

from .learned_support import (
    open_picture,
    shown_picture,
)
from .support import FASTEST, SIZES, drawn_experiment, opened


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("circles", ["decision map", "classes", "one sample"]),
        ("sine", ["curve", "one sample"]),
        ("iris", ["classes", "one sample"]),
        ("article", ["decision map", "one sample"]),
    ],
)
async def test_the_key_goes_through_the_pictures_there_are(name: str, titles: list[str]) -> None:
    async with opened(name) as session:
        for title in titles:
            await session.press("o")
            await session.shows(f"─ Learned: {title} ─")
            assert "─ Network ─" not in session.screen()
        await session.press("o")
        await session.shows("─ Network ─")
        assert "Learned" not in session.screen()


@pytest.mark.parametrize(
    ("name", "size"),
    [("spirals", SIZES[1]), ("sine", SIZES[1]), ("circles", SIZES[2]), ("circles", SIZES[4])],
)
async def test_every_picture_fits_every_screen(name: str, size: tuple[int, int]) -> None:
    async with opened(name, size) as session:
        network = session.panel("#network").region
        others = ("#loss", "#weights", "#gradients", "#explanation")
        places = {each: session.panel(each).region for each in others}
        for key in ("o", "o", "o", "i", "i"):
            await session.press(key)
            await session.rest()
            learned = session.panel("#learned")
            place = learned.region
            await session.press("z", "s", "z", "s")
            await session.rest()
            if learned.is_on_screen:
                assert learned.region == place == network
            for each in others:  # but what the samples stand in for
                if session.panel(each).size.area:
                    assert session.panel(each).region == places[each]


async def test_large_layers_and_deep_networks_have_pictures() -> None:
    for layers in ((784, 128, 10), (2, 3, 3, 3, 3, 3, 3, 2), (1, 300), (2, 1)):
        async with opened(drawn_experiment(layers)) as session:
            for _ in range(3):
                await session.press("o")
            await session.press("s")
            await session.rest()
            assert "─ Weights ─" in session.screen()


async def test_hidden_panels_do_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened("circles") as session:
        await open_picture(session, "decision map")
        for shown in ("─ Samples", "─ Loss"):
            await session.press("i")
            await session.shows(shown)
        drawn: list[str] = []
        for selector in ("#network", "#learned", "#loss", "#samples"):
            widget = session.panel(selector)
            monkeypatch.setattr(
                widget, "paint", lambda *_, selector=selector: drawn.append(selector) or []
            )
        await session.press("s", "s")
        await session.step(2)
        await session.until(lambda: "#learned" in drawn and "#loss" in drawn, "two panels to draw")
        assert not {"#network", "#samples"} & set(drawn)


async def test_the_focus_follows_into_the_place_of_the_network() -> None:
    async with opened("xor") as session:
        assert session.panel("#network").has_focus
        await session.press("o")
        await session.until(lambda: session.panel("#learned").has_focus, "the focus")
        await session.press("z")
        await session.until(lambda: session.panel("#learned").region.height > 30, "zoom")
        await session.press("o", "o", "o")
        await session.until(lambda: session.panel("#network").has_focus, "the focus")
        assert session.panel("#network").region.height > 30
        await session.press("z")
        await session.shows("─ Weights ─")


async def test_a_low_screen_shows_pictures_above_the_derivation() -> None:
    async with opened("xor", (80, 24)) as session:
        place = session.panel("#network").region
        await session.press("o")
        await session.shows("─ Learned: decision map ─", "─ Derivation")
        assert session.panel("#learned").region == place
        session.panel("#gradients").focus()
        await session.shows("─ Gradients", "─ Derivation")
        await session.press("o")
        await session.shows("─ Learned: decision map ─", "─ Derivation")


async def test_arrows_choose_the_output_of_a_map() -> None:
    async with opened("article") as session:
        await open_picture(session, "decision map")
        assert "output o1" in session.border("#learned")
        await session.press("right", "right")
        await session.until(lambda: "output o2" in session.border("#learned"), "the other output")


async def test_a_diverged_network_has_pictures_too() -> None:
    made = replace(load("circles"), training=replace(load("circles").training, learning_rate=1e200))
    async with opened(made) as session:
        await open_picture(session, "decision map")
        await session.press(*FASTEST, "space")
        await session.rest()
        for title in ("classes", "one sample"):
            await session.press("o")
            await session.shows(f"─ Learned: {title} ─")
        shown = shown_picture(session)
        assert isinstance(shown, SamplePicture)


async def test_test_targets_beyond_those_of_training_fit_the_bars() -> None:
    one = drawn_experiment((2, 2))
    held_out = {"test_inputs": frozen([[0.5, 0.5]]), "test_targets": frozen([[-30.0, 5.0]])}
    one = replace(one, data=replace(one.data, **held_out))
    one = replace(one, network=Network((2, 2), ("identity",)))
    async with opened(one) as session:
        await session.press("o", "o", "i")
        await session.press("end")
        await session.shows("Learned: one sample", "-30")
        await session.rest()
        bars = [line for line in session.inside("#learned") if "target" in line]
        lengths = [line.count("░") for line in bars]
        assert lengths[0] == pytest.approx(6 * lengths[1], abs=4)
