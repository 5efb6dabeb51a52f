"""The dialog of presets: filtered, looked at, opened; own ones copied, renamed, deleted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from bptui.app.screens.presets import NEW, PresetScreen
from bptui.app.screens.presets.final import Reached, examine
from bptui.app.screens.presets.listing import matches
from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.presets import PresetError, load
from bptui.presets.own import duplicate, shipped

from .support import Session, opened

LONG = """
title = "Long"
network.layers = [2, 3, 1]
data = { inputs = [[1, 0], [0, 1]], targets = [[1], [0]] }
training.steps = 1_000_000_000
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own presets."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "bptui" / "presets"
    folder.mkdir(parents=True)
    return folder


def preset_screen(session: Session) -> PresetScreen:
    screen = session.app.screen
    assert isinstance(screen, PresetScreen)
    return screen


def filters(session: Session, text: str) -> None:
    """Put ``text`` into the filter at once: a key pressed waits until nothing computes."""
    preset_screen(session).query_one(Input).value = text


async def closed(session: Session) -> None:
    await session.until(lambda: not isinstance(session.app.screen, PresetScreen), "the end")


async def test_a_preset_is_found_by_a_word_and_opened() -> None:
    async with opened("article") as session:
        await session.press("p")
        await session.shows("New, empty experiment", "Shipped", *[each.name for each in shipped()])
        filters(session, "flowers")
        await session.until(lambda: "negnevitsky" not in session.screen(), "a shorter list")
        await session.shows("4-8-3 tanh, softmax", "120 samples of 4 inputs and 3 targets, 30 test")
        await session.shows("cross entropy, sgd 0.1, batches of 16", "Source: R. A. Fisher")
        await session.press("enter")
        await session.until(lambda: " iris " in session.status(), "iris")


async def test_the_loss_at_the_end_is_that_of_a_run() -> None:
    async with opened("article-listing-1") as session:
        await session.press("p")
        await session.shows("transposed-weights, frozen-last-layer", "0.153862 after 1,000 steps")
        await session.press("up")
        await session.shows("2.46503e-08 after 1,000 steps")
        await session.press("escape", "p")
        await session.shows("0.153862 after 1,000 steps")


async def test_a_long_computation_says_how_far_it_came_and_keys_answer(own: Path) -> None:
    (own / "long.toml").write_text(LONG)
    async with opened("article") as session:
        await session.press("p")
        filters(session, "long")
        await session.shows("Your own", "of 1,000,000,000 steps")
        filters(session, "mazur")
        await session.shows("after 10,000 steps")  # the other was given up
        await session.press("escape")
        await closed(session)
        await session.until(lambda: not session.app.workers, "no work to be left")


async def test_all_words_are_looked_for_and_nothing_found_is_said() -> None:
    async with opened("article") as session:
        await session.press("p")
        filters(session, "tanh softmax")
        await session.until(lambda: "xor " not in session.screen(), "a shorter list")
        await session.shows("moons", "iris", "spirals")
        filters(session, "tanh zzz")
        await session.shows("No preset matches all these words.")
        await session.press("enter", "ctrl+d", "f2", "delete")  # there is nothing to do it to
        await session.press("ctrl+u")
        await session.shows("negnevitsky")
        await session.press("escape")
        await closed(session)
    assert matches("Three Spirals", "SPIR thr")
    assert not matches("Three spirals", "spir four")


async def test_up_and_down_move_while_the_filter_keeps_the_text() -> None:
    async with opened("article") as session:
        await session.press("p")
        filters(session, "article-l")
        await session.shows("Listing 1 as published")
        await session.press("down")
        await session.shows("Listing 2 as published")
        await session.press("up")
        await session.shows("Listing 1 as published")
        assert preset_screen(session).query_one(Input).value == "article-l"
        await session.press("enter")
        await session.until(lambda: "article-listing-1" in session.status(), "listing 1")


async def test_an_own_preset_is_made_renamed_opened_and_deleted(own: Path) -> None:
    async with opened("article", (80, 24)) as session:
        await session.press("p")
        await session.shows("ctrl+d: duplicate")
        await session.press("f2")
        await session.shows("article is shipped and cannot be renamed; duplicate it with ctrl+d.")
        await session.press("delete")
        await session.shows("article is shipped and cannot be deleted; duplicate it with ctrl+d.")
        await session.press("ctrl+d")
        await session.shows("Duplicate article as", "article-copy.toml")
        await session.press(*"mazur")
        await session.shows("mazur is the name of a shipped preset.")
        await session.press("enter")
        await session.shows("Duplicate article as")
        await session.press("ctrl+u", *"first", "enter")
        await session.shows("Your own", "first", "f2: rename   delete: remove")
        assert (own / "first.toml").exists()
        await session.press("ctrl+d", "ctrl+u", *"first", "enter")
        await session.shows("You already have a preset named first.")
        await session.press("escape", "f2")
        await session.shows("Rename first to")
        await session.press("end", *"2", "enter")
        await session.until(lambda: (own / "first2.toml").exists(), "the new name")
        assert not (own / "first.toml").exists()
        await session.shows("f2: rename")
        await session.press("delete")
        await session.shows("Delete first2?", "deleted for good.")
        await session.press("escape")
        await session.until(lambda: "Delete first2?" not in session.screen(), "no question")
        assert (own / "first2.toml").exists()
        await session.press("enter")
        await session.until(lambda: "first2" in session.status(), "first2")
        await session.press("p")
        await session.shows("f2: rename")  # it is highlighted
        await session.press("delete", "enter")
        await session.until(lambda: not (own / "first2.toml").exists(), "it to be gone")
        await session.until(lambda: "Your own" not in session.screen(), "the shorter list")


async def test_delete_in_the_text_of_the_filter_deletes_text(own: Path) -> None:
    duplicate("xor", "mine")
    async with opened("article") as session:
        await session.press("p", *"mine", "home", "delete")
        line = preset_screen(session).query_one(Input)
        await session.until(lambda: line.value == "ine", "the shorter text")
        assert (own / "mine.toml").exists()
        assert isinstance(session.app.screen, PresetScreen)


async def test_broken_files_are_listed_and_cannot_be_opened(own: Path) -> None:
    (own / "broken.toml").write_text("nonsense = 1")
    (own / "[red]markup.toml").write_bytes(b"\xff\xfe")
    (own / "nodata.toml").write_text(
        'network.layers = [1, 1]\ndata = { csv = "gone.csv", class_column = "a" }\n'
    )
    async with opened("article") as session:
        await session.press("p")
        await session.shows("Your own", "[red]markup", "broken", "! cannot be opened")
        filters(session, "broken")
        await session.shows("Cannot be opened.", "nonsense")
        await session.press("enter")
        await session.shows("Cannot be opened.")
        assert isinstance(session.app.screen, PresetScreen)
        filters(session, "nodata")
        await session.shows("Cannot be opened.", "gone.csv")
        await session.press("enter")
        await session.pilot.pause()
        assert isinstance(session.app.screen, PresetScreen)
        await session.press("delete", "enter")
        await session.until(lambda: not (own / "nodata.toml").exists(), "it to be gone")


async def test_the_entry_of_a_new_experiment_gives_its_constant() -> None:
    given: list[Experiment | None] = []
    async with opened("article") as session:
        session.app.push_screen(PresetScreen("article"), given.append)
        await session.shows("New, empty experiment")
        await session.press("up")
        await session.shows("Opens an empty form")
        await session.press("enter")
        await session.until(lambda: given, "the answer")
    assert given[0] is NEW


async def test_the_new_experiment_is_no_file() -> None:
    async with opened("article") as session:
        await session.press("p", "up")
        await session.shows("Opens an empty form")
        for key in ("ctrl+d", "f2", "delete"):
            await session.press(key)
            await session.pilot.pause()
            assert isinstance(session.app.screen, PresetScreen)


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_list_and_preview_fit(size: tuple[int, int], own: Path) -> None:
    for name in ("one", "two", "网络" * 20):
        duplicate("iris", name)
    async with opened("article", size) as session:
        await session.press("p")
        await session.shows("─ Presets ─", "type to filter", "esc: close")
        await session.shows("The article's network", "2-2-2 sigmoid, no bias")
        session.resize(size[1] * 2, size[0] // 4)
        await session.shows("The article's network")


@pytest.mark.parametrize("name", ["article", "mazur-as-published", "iris"])
async def test_what_is_computed_in_slices_equals_a_run(name: str) -> None:
    said: list[Reached] = []
    found: list[Experiment] = []
    entry = next(each for each in shipped() if each.name == name)
    await examine(name, entry.file, found.append, said.append)
    steps = load(name).training.steps
    assert said[-1] == Reached(Timeline(load(name)).snapshot(steps).loss, steps, steps)
    assert found[0].name == name


async def test_it_says_where_training_diverges_and_what_cannot_be_opened(own: Path) -> None:
    said: list[Reached] = []
    file = own / "wild.toml"
    file.write_text(
        'network = { layers = [1, 1], activation = "identity" }\n'
        "training = { learning_rate = 1e10, steps = 500 }\n"
        "data = { inputs = [[3]], targets = [[1]] }\n"
    )
    await examine(str(file), file, lambda experiment: None, said.append)
    timeline = Timeline(load(str(file)))
    timeline.move_towards(500)
    assert str(said[-1]) == f"diverges at step {timeline.first_not_finite}"
    with pytest.raises(PresetError):
        await examine(str(own / "none.toml"), own, lambda experiment: None, said.append)


async def test_a_file_that_has_changed_is_computed_anew(own: Path) -> None:
    said: list[Reached] = []
    file = own / "short.toml"
    for steps in (3, 5):
        file.write_text(LONG.replace("1_000_000_000", str(steps)))
        await examine(str(file), file, lambda experiment: None, said.append)
        await asyncio.sleep(0)
    assert [each.step for each in said] == [3, 5]


def test_steps_are_counted_in_words() -> None:
    assert str(Reached(0.5, 1, 1)) == "0.500000 after 1 step"
    assert str(Reached(0.0123456, 12_000, 50_000)) == "0.0123456 after 12,000 of 50,000 steps"


@pytest.mark.parametrize("name", ["and", "spirals"])
async def test_a_name_that_is_typed_opens_that_preset(name: str) -> None:
    async with opened("article") as session:
        await session.press("p")
        await session.shows("Presets")
        await session.press(*name, "enter")
        await session.until(lambda: session.app.player.snapshot.experiment.name == name, name)
