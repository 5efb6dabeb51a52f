"""The dialog of presets: filtered, looked at, opened; own ones deleted."""

from pathlib import Path
from threading import Event

import pytest
from textual.events import Paste
from textual.widgets import Input

from bptui.app.screens import presets
from bptui.app.screens.presets import PresetScreen, matches
from bptui.presets.files import load
from bptui.presets.own import shipped
from bptui.presets.save import save

from . import settling
from .support import Session, opened

pytestmark = pytest.mark.usefixtures("own_folder")
PLAIN = "network.layers = [2, 1]\ndata = { inputs = [[0, 1]], targets = [[1]] }\n"


@pytest.fixture
def own_folder(own: Path) -> None:
    own.mkdir(parents=True)


def copied(preset: str, own: Path, name: str) -> Path:
    save(load(preset), own / f"{name}.toml")
    return own / f"{name}.toml"


def filter_line(session: Session) -> Input:
    assert isinstance(session.app.screen, PresetScreen)
    return session.app.screen.query_one(Input)


def filters(session: Session, text: str) -> None:
    """Put ``text`` into the filter at once: a key pressed waits until nothing computes."""
    filter_line(session).value = text


async def test_a_preset_is_found_looked_at_and_opened() -> None:
    async with opened("article-listing-1") as session:
        await session.press("p")
        await session.shows("New, empty experiment", "Shipped", *[each.name for each in shipped()])
        await session.shows("transposed-weights, frozen-last-layer", "1 sample")
        session.app.post_message(Paste("tanh\r\nsoftmax\x1b\n"))
        await session.until(lambda: "xor " not in session.screen(), "a shorter list")
        await session.shows("moons", "iris", "spirals")
        filters(session, "tanh zzz")
        await session.shows("No preset matches all these words.")
        await session.press("enter", "delete")  # there is nothing to do it to
        await session.press("ctrl+u")
        await session.shows("negnevitsky")
        filters(session, "article-l")
        await session.shows("Listing 1 as published")
        await session.press("down")
        await session.shows("Listing 2 as published")
        assert filter_line(session).value == "article-l"
        filters(session, "flowers")
        await session.until(lambda: "negnevitsky" not in session.screen(), "a shorter list")
        await session.shows("4-8-3 tanh, softmax", "iris.csv, 20% test samples")
        await session.shows("cross entropy, sgd 0.1, batches of 16", "Source: R. A. Fisher")
        await session.press("enter")
        await session.until(lambda: " iris " in session.status(), "iris")
        for name in ("and", "spirals"):  # a name that is typed, though it stands in other texts
            await session.press("p")
            await session.shows("─ Presets ─")
            await session.press(*name, "enter")
            await session.until(lambda n=name: f" {n} " in session.status(), name)
    assert matches("Three Spirals", "SPIR thr")
    assert not matches("Three spirals", "spir four")


async def test_an_own_preset_is_opened_and_deleted(own: Path) -> None:
    copied("xor", own, "first2")
    async with opened("article", (80, 24)) as session:
        await session.press("p", "delete")  # which is not possible of a shipped one
        assert isinstance(session.app.screen, PresetScreen)
        await session.press(*"first2")
        await session.shows("Your own", "first2", "delete: remove")
        # in the text of the filter delete deletes text
        await session.press("home", "delete")
        await session.until(lambda: filter_line(session).value == "irst2", "the shorter text")
        await session.press("ctrl+e", "delete")
        await session.shows("delete again:", "deleted for good.")
        await session.press("x", "backspace")
        await session.until(lambda: "delete again:" not in session.screen(), "no question")
        assert (own / "first2.toml").exists()
        await session.press("enter")
        await session.until(lambda: "first2" in session.status(), "first2")
        await session.press("p")
        await session.shows("delete: remove")  # it is highlighted
        await session.press("delete", "delete")
        await session.until(lambda: not (own / "first2.toml").exists(), "it to be gone")
        await session.until(lambda: "Your own" not in session.screen(), "the shorter list")


async def test_broken_files_are_listed_and_cannot_be_opened(own: Path) -> None:
    (own / "broken.toml").write_text("nonsense = 1")
    (own / "[red]markup.toml").write_bytes(b"\xff\xfe")
    (own / "nodata.toml").write_text(
        'network.layers = [1, 1]\ndata = { csv = "gone.csv", class_column = "a" }\n'
    )
    async with opened("article") as session:
        await session.press("p")
        await session.shows("Your own", "[red]markup", "broken", "! cannot be opened")
        for name, reason in (("broken", "Cannot be opened."), ("nodata", "gone.csv")):
            filters(session, name)
            await session.press("enter")
            await session.shows(reason)
            assert isinstance(session.app.screen, PresetScreen)
        await session.press("delete", "delete")
        await session.until(lambda: not (own / "nodata.toml").exists(), "it to be gone")


async def test_the_entry_of_a_new_experiment() -> None:
    async with opened("article") as session:
        await session.press("p", "up")
        await session.shows("New, empty experiment", "Opens an empty sheet")
        await session.press("delete")  # it is no file
        assert isinstance(session.app.screen, PresetScreen)
        await session.press("enter")
        await session.shows("Experiment:", "network.layers: found nothing")


async def test_a_file_that_has_changed_is_read_anew(own: Path) -> None:
    async with opened("article") as session:
        for layers in ("[2, 1]", "[2, 3, 1]"):
            (own / "mine.toml").write_text(PLAIN.replace("[2, 1]", layers))
            await session.press("p")
            filters(session, "mine")
            await session.shows(f"{layers[1:-1].replace(', ', '-')} sigmoid", "1 sample")
            await session.press("escape")
            await session.closed()


async def test_keys_are_answered_while_a_preset_is_being_opened(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Event()
    copied("xor", own, "mine")

    def held(name: str) -> object:
        assert gate.wait(20)
        return load(name)

    monkeypatch.setattr(presets, "load", held)
    monkeypatch.setattr(settling, "LONGEST", 0.05)  # for which pauses would wait
    async with opened("article") as session:
        await session.press("p")
        filters(session, "mine")
        await session.press("enter")
        await session.shows("opening …")
        await session.press("delete")  # it is given up
        await session.shows("delete again:")
        await session.press("enter")
        await session.shows("opening …")
        gate.set()
        await session.until(lambda: " mine " in session.status(), "mine")


async def test_what_was_saved_as_a_preset_that_is_deleted_has_the_name_of_before(own: Path) -> None:
    async with opened("article") as session:
        await session.press("w", "ctrl+u", *"beta", "enter")
        await session.until(lambda: " beta " in session.status(), "the new name")
        await session.press("p")
        await session.shows("delete: remove")  # it is highlighted
        await session.press("delete", "delete")
        await session.until(lambda: not (own / "beta.toml").exists(), "it to be gone")
        await session.press("escape")
        await session.until(lambda: " article " in session.status(), "the name it had")
