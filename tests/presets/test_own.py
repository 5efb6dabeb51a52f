"""The user's own presets: listed, found by name, duplicated, renamed, deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from bptui.presets.errors import PresetError, cleaned
from bptui.presets.files import load, loads
from bptui.presets.own import (
    delete,
    destination,
    duplicate,
    free_name,
    new_file,
    own_presets,
    proposed,
    rename,
)
from bptui.presets.save import SaveError, same_experiment
from bptui.program import cli

PLAIN = "[network]\nlayers = [2, 1]\n[data]\ninputs = [[0, 1]]\ntargets = [[1]]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder, which is made by the first preset."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "bptui" / "presets"


def written(folder: Path, name: str, text: str = PLAIN) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(text)
    return file


def names() -> list[str]:
    return [each.name for each in own_presets()]


def test_without_a_folder_there_are_none(folder: Path) -> None:
    assert own_presets() == []
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    assert own_presets() == []


def test_what_is_no_preset_is_listed_with_its_error(folder: Path) -> None:
    written(folder, "good")
    written(folder, "toml", "network = [")
    written(folder, "keys", PLAIN.replace("layers", "layer"))
    written(folder, "large", PLAIN.replace("[2, 1]", "[2, 999999]"))
    (folder / "bytes.toml").write_bytes(b"\xff\xfe")
    (folder / "gone.toml").symlink_to(folder / "nowhere.toml")
    (folder / "folder.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    written(folder, ".hidden")
    (folder / "notes.txt").write_text("")
    wrong = {each.name: each.wrong for each in own_presets()}
    names = ["bytes", "folder", "gone", "good", "keys", "large", "pipe", "toml"]
    assert [*wrong] == names
    assert wrong.pop("good") == ""
    assert all(wrong.values())
    assert "network.layer" in wrong["keys"]


def test_an_unknown_name_suggests_own_ones_too(folder: Path) -> None:
    written(folder, "exercise-7")
    with pytest.raises(PresetError, match="did you mean exercise-7"):
        load("exercise-8")


@pytest.mark.parametrize("name", ["article", "iris"])
def test_a_duplicate_is_the_same_under_another_name(folder: Path, name: str) -> None:
    file = duplicate(name, "copy")
    assert file == folder / "copy.toml"
    assert names() == ["copy"]
    assert same_experiment(load("copy"), load(name))
    assert load("copy").title == load(name).title


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Enter a name"),
        (" ", "Enter a name"),
        (".toml", "Enter a name"),
        ("a/b", "cannot contain /"),
        ("..", "cannot begin with ."),
        (".hidden", "cannot begin with ."),
        ("-o", "cannot begin with -"),
        ("a\nb", "control characters"),
        ("nul\0", "control characters"),
        ("half\udc80", "control characters"),
        ("xor", "xor is the name of a shipped preset"),
        ("run", "run is the name of a command"),
        ("网" * 100, "too long"),
        ("taken", "You already have a preset named taken"),
    ],
)
def test_names_that_cannot_be_used_are_refused(folder: Path, name: str, message: str) -> None:
    written(folder, "taken")
    written(folder, "old")
    for make in (duplicate, rename):
        with pytest.raises(SaveError, match=message):
            make("old", name)
    assert names() == ["old", "taken"]


def test_renaming_and_deleting(folder: Path) -> None:
    written(folder, "old", f"# mine\n{PLAIN}")
    assert rename("old", "new") == folder / "new.toml"
    assert names() == ["new"]
    assert (folder / "new.toml").read_text() == f"# mine\n{PLAIN}"
    assert rename("new", "new") == folder / "new.toml"
    written(folder, "broken", "[")
    with pytest.raises(SaveError, match=r"It cannot be duplicated: broken\.toml: found invalid"):
        duplicate("broken", "copy")
    delete("new")
    delete("broken")
    assert names() == []


def test_shipped_ones_and_unknown_ones_are_not_touched() -> None:
    for name in ("article", "nothing", "../x"):
        with pytest.raises(SaveError, match="You have no preset named"):
            delete(name)
        with pytest.raises(SaveError, match="You have no preset named"):
            rename(name, "new")
    with pytest.raises(SaveError, match="It cannot be duplicated: nothing: found no preset"):
        duplicate("nothing", "new")


def test_a_free_name_is_one_that_no_preset_has(folder: Path) -> None:
    assert free_name("mine") == "mine"
    assert free_name("article") == "article-2"
    written(folder, "article-2")
    assert free_name("article") == "article-3"
    assert new_file(free_name("run")) == folder / "run-2.toml"


def test_what_people_type_to_save_under(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (tmp_path / "lessons").mkdir()
    (tmp_path / "old").write_text("")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert destination(" mine ") == folder / "mine.toml"
    assert destination("网络 a") == folder / "网络 a.toml"
    assert destination("mine.toml") == tmp_path / "mine.toml"
    assert destination("./mine") == tmp_path / "mine.toml"
    assert destination("./old") == tmp_path / "old"
    assert destination("lessons/7.1") == tmp_path / "lessons" / "7.1.toml"
    assert destination("~/a b.toml") == home / "a b.toml"
    for typed, message in {
        "": "Enter a name",
        ".toml": "Enter a name",
        "lessons/": "Enter a name",
        "lessons/.toml": "Enter a name",
        "./lessons": "is a folder",
        "..": "cannot begin with",
        "../..": "is a folder",
        "~nobody-of-that-name/x": "No file can have this name",
        "xor": "shipped",
    }.items():
        with pytest.raises(SaveError, match=message):
            destination(typed)


def test_what_is_proposed_to_save_under(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(folder, "own")
    written(tmp_path, "7")
    Path("plain").write_text(PLAIN)
    assert proposed(load("own")) == "own"
    assert proposed(load("7.toml")) == "7.toml"
    assert proposed(load("plain")) == "./plain"
    assert proposed(load("article")) == "article-2"
    assert proposed(loads(PLAIN, "stdin", tmp_path)) == "stdin"
    assert proposed(loads(PLAIN, "a/b", tmp_path)) == "mine"
    for name in ("own", "7.toml", "./plain"):
        assert destination(proposed(load(name))).is_file()
    monkeypatch.chdir("/")
    assert destination(proposed(load(str(tmp_path / "7.toml")))) == tmp_path / "7.toml"


def test_cleaned_text_keeps_lines_and_blanks() -> None:
    assert cleaned("a\r\nb\rc") == "a\nb\nc"
    assert cleaned("1\t2\x003\u00a04") == "1 23\u00a04"
    assert cleaned("\x1b[31m0.5\x1b[0m \x1b]8;;http://x\x1b\\link") == "0.5 link"
    assert cleaned("\x1b]0;never ended\nkept") == "\nkept"
    assert cleaned("\ufeffa\u200bb\udcff") == "ab"


@pytest.mark.parametrize(
    ("name", "said"), [("article", "opens the shipped preset"), ("run", "is a command")]
)
def test_a_file_whose_name_opens_something_else_says_so(name: str, said: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"{name}.toml").write_text(f"description = 'Mine.'\n{PLAIN}")
    (folder / "other.toml").write_text(PLAIN)
    first, last = sorted(own_presets(), key=lambda each: each.name == "other")
    assert f"`bptui {name}` {said}" in first.note
    assert not last.note
    line = CliRunner().invoke(cli, ["list", "--own"]).stdout.splitlines()[name == "run"]
    assert said in line
    assert line.endswith("Mine")
