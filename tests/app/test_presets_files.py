"""The dialog of presets with hostile, large, changed, moved and shadowing files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from bptui.app.screens.presets import PresetScreen
from bptui.app.screens.presets import opening as opening_module
from bptui.app.screens.presets.asking import NameScreen
from bptui.app.screens.presets.final import Reached, examine
from bptui.app.screens.presets.opening import LARGE, Opener, known, open_preset, read_some, to_read
from bptui.core.experiment import Experiment
from bptui.presets import PresetError, load
from bptui.presets import own as own_module
from bptui.presets.own import duplicate

from .support import Session, opened

PLAIN = "network.layers = [2, 1]\ndata = { inputs = [[0, 1]], targets = [[1]] }\n"
HOSTILE = r'"\u001b]0;PWNED\u0007 \u001b[31mred"'


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own presets."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "bptui" / "presets"
    folder.mkdir(parents=True)
    return folder


class Gate:
    """Holds calls of a function back until it is opened; knows their first arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
        self._open, self.calls = Event(), list[str]()
        function: Callable[..., object] = getattr(module, name)

        def held(*arguments: object) -> object:
            self.calls.append(str(arguments[0]))
            assert self._open.wait(20)
            return function(*arguments)

        monkeypatch.setattr(module, name, held)

    def open(self) -> None:
        self._open.set()


def filters(session: Session, text: str) -> None:
    screen = session.app.screen
    assert isinstance(screen, PresetScreen)
    screen.query_one("#preset-filter").value = text  # type: ignore[attr-defined]  # an Input


async def test_nothing_written_by_others_reaches_the_terminal_as_it_is(own: Path) -> None:
    heads = "".join(f"{key} = {HOSTILE}\n" for key in ("title", "description", "source"))
    (own / "evil\x1b[31m.toml").write_text(heads + PLAIN)
    async with opened("article") as session:
        await session.press("p")
        filters(session, "evil")
        await session.shows(r"evil\x1b[31m", "Source: red", "2-1 sigmoid", "after 1,000 steps")
        assert "\x1b" not in session.screen()
        assert "\x07" not in session.screen()
        await session.press("f2")
        await session.shows(r"Rename evil\x1b[31m to")
        assert "\x1b" not in session.screen()
        await session.press("escape", "enter")
        await session.until(lambda: r"evil\x1b[31m" in session.status(), "the preset")
        await session.press("w")
        await session.shows("Save as a preset", r"evil\x1b[31m")
        assert "\x1b" not in session.screen()
        await session.press("escape", "p", "f2", "ctrl+u", *"good", "enter")
        await session.until(lambda: (own / "good.toml").exists(), "a good name")
        assert [each.name for each in own.iterdir()] == ["good.toml"]


async def test_names_that_look_alike_are_two_presets(own: Path) -> None:
    for name in ("a\x1b", r"a\x1b"):
        (own / f"{name}.toml").write_text(PLAIN)
    async with opened("article") as session:
        await session.press("p")
        filters(session, "x1b")
        await session.until(lambda: session.screen().count("2-1 sigmoid") >= 2, "both")


async def test_the_list_is_there_before_the_files_are_read(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "large.toml").write_text(
        f"description = 'Enormous.'\n{PLAIN.replace('[2, 1]', '[7, 1]')}"
    )
    (own / "wrong.toml").write_text("nonsense = 1")
    gate = Gate(monkeypatch, opening_module, "own_entry")
    async with opened("article") as session:
        await session.press("p")
        await session.shows("large", "wrong", "…", "2-2-2 sigmoid")
        assert "7-1 sigmoid" not in session.screen()
        filters(session, "enormous")
        await session.shows("No preset matches all these words.")  # none that was read
        gate.open()
        await session.shows("Enormous.", "7-1 sigmoid")
        filters(session, "")
        await session.shows("! cannot be opened")
        calls = [*gate.calls]
        await session.press("escape", "p")
        await session.shows("7-1 sigmoid", "! cannot be opened")
        assert gate.calls == calls


async def test_what_the_preview_loads_is_opened_and_loaded_once(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(duplicate("xor", "mine"))
    gate = Gate(monkeypatch, opening_module, "load")
    async with opened("article") as session:
        await session.press("p")
        filters(session, "mine")
        await session.shows("XOR")
        await session.until(lambda: file in gate.calls, "the preview's load")
        await session.press("enter")
        await session.shows("opening …")
        await session.press("f2")  # the keys are answered, and it is given up
        await session.shows("Rename mine to")
        await session.press("escape", "enter")
        await session.shows("opening …")
        gate.open()
        await session.until(lambda: " mine " in session.status(), "mine")
        assert gate.calls.count(file) == 1  # the preset shown first may have been looked at


async def test_opening_is_given_up_where_another_is_highlighted(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duplicate("xor", "mine")
    gate = Gate(monkeypatch, opening_module, "load")
    async with opened("article") as session:
        await session.press("p")
        filters(session, "mine")
        await session.shows("XOR")
        await session.press("enter")
        await session.shows("opening …")
        filters(session, "iris")
        await session.until(lambda: "opening …" not in session.screen(), "the keys again")
        gate.open()
        await session.shows("120 samples")
        assert isinstance(session.app.screen, PresetScreen)


async def test_a_copy_is_written_beside_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, own_module, "load")
    async with opened("article") as session:
        await session.press("p", "ctrl+d")
        await session.shows("article-copy.toml")
        await session.press("enter")
        await session.shows("writing …")
        await session.press("enter", "escape")  # neither again nor given up
        assert isinstance(session.app.screen, NameScreen)
        gate.open()
        await session.shows("Your own", "article-copy", "f2: rename")
        assert len(gate.calls) == 1


async def test_an_opener_loads_anew_what_has_changed(own: Path) -> None:
    opener, file, samples = Opener(), own / "mine.toml", own / "d.csv"
    samples.write_text("a,b\n1,0\n2,1\n")
    file.write_text(
        'network.layers = [1, 1]\ntraining.steps = 3\ndata = { csv = "d.csv", '
        'target_columns = ["b"] }\n'
    )
    first = await opener.open(str(file), file)
    assert await opener.open(str(file), file) is first
    said: list[Reached] = []
    await examine(str(file), file, lambda experiment: None, said.append)
    samples.write_text("a,b\n1,0\n2,5\n")
    second = await opener.open(str(file), file)
    assert second is not first
    assert second.experiment.data.targets[1, 0] == 5
    await examine(str(file), file, lambda experiment: None, said.append, opener.open)
    assert said[0].loss != said[-1].loss
    samples.unlink()
    for _ in range(2):
        with pytest.raises(PresetError):
            await opener.open(str(file), file)
    samples.write_text("a,b\n1,0\n2,1\n")
    assert (await opener.open(str(file), file)).experiment.data.samples == 2


async def test_an_opening_that_was_given_up_goes_on(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = duplicate("xor", "mine")
    gate, opener = Gate(monkeypatch, opening_module, "load"), Opener()
    asked = asyncio.create_task(opener.open("mine", file))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    gate.open()
    assert (await opener.open("mine", file)).experiment.name == "mine"
    assert len(gate.calls) == 1
    assert (await open_preset("mine", file)).up_to_date


async def test_files_are_read_small_ones_first_and_again_only_when_changed(own: Path) -> None:
    rows = LARGE // len("[0, 1], ")
    inputs, targets = "[0, 1], " * rows, "[1], " * rows
    (own / "a.toml").write_text(PLAIN.replace("[0, 1]", inputs).replace("[[1]]", f"[{targets}]"))
    file = own / "b.toml"
    file.write_text(PLAIN)
    files = to_read(known())
    assert [each.stem for each in files] == ["b", "a"]
    assert len(await read_some(files)) == 1  # the large one keeps nobody waiting
    assert len(await read_some(files[1:])) == 1
    assert to_read(known()) == []
    assert all(each.network for each in known())
    file.write_text(PLAIN.replace("[2, 1]", "[2, 3, 1]"))
    assert to_read(known()) == [file]


async def test_the_app_goes_on_with_the_new_name_of_what_is_open(own: Path) -> None:
    experiment = load(str(duplicate("xor", "alpha")))
    async with opened(experiment) as session:
        await session.press("p")
        await session.shows("f2: rename")  # it is highlighted
        await session.press("f2", "ctrl+u", *"beta", "enter")
        await session.until(lambda: (own / "beta.toml").exists(), "the new name")
        await session.until(lambda: " beta " in session.status(), "it in the status line")
        await session.shows("f2: rename")
        await session.press("escape", "w")
        await session.shows("Save as a preset", "beta.toml")
        await session.press("enter")
        await session.shows("beta.toml exists")
        await session.press("escape", "p")
        await session.shows("f2: rename")
        await session.press("delete", "enter")
        await session.until(lambda: not list(own.iterdir()), "it to be gone")
        await session.until(lambda: " alpha " in session.status(), "the name it had")
        await session.press("escape", "w", "enter")
        await session.until(lambda: (own / "alpha.toml").exists(), "it as a new file")


async def test_the_name_of_another_preset_may_change(own: Path) -> None:
    duplicate("xor", "other")
    async with opened("article") as session:
        await session.press("p")
        filters(session, "other")
        await session.shows("f2: rename")
        await session.press("f2", "ctrl+u", *"beta", "enter")
        await session.until(lambda: (own / "beta.toml").exists(), "the new name")
        await session.press("escape", "escape")
        assert " article " in session.status()


@pytest.mark.parametrize("at", ["own", "shipped"])
async def test_of_two_with_one_name_that_of_the_file_is_highlighted(own: Path, at: str) -> None:
    file = own / "article.toml"
    file.write_text(f"description = 'By hand.'\n{PLAIN}")
    async with opened(load(str(file) if at == "own" else "article")) as session:
        await session.press("p")
        if at == "own":
            await session.shows("By hand.", "`bptui article` opens the shipped preset")
        else:
            await session.shows("The article with correct gradients")


async def test_a_file_elsewhere_has_no_place_in_the_list(tmp_path: Path) -> None:
    file = tmp_path / "xor.toml"
    file.write_text(PLAIN)
    experiment: Experiment = load(str(file))
    async with opened(experiment) as session:
        await session.press("p")
        await session.shows("The article's network")  # the first, and not the shipped xor
