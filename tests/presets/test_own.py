"""The user's own presets: listed, found by name, deleted."""

import os
from pathlib import Path

import pytest

from bptui.presets.errors import PresetError, cleaned
from bptui.presets.files import load, loads
from bptui.presets.own import delete, destination, free_name, new_file, own_presets, proposed
from bptui.presets.save import SaveError, save

from ..cli.support import bptui

pytestmark = pytest.mark.usefixtures("own")
PLAIN = "[network]\nlayers = [2, 1]\n[data]\ninputs = [[0, 1]]\ntargets = [[1]]\n"


def written(own: Path, name: str, text: str = PLAIN) -> Path:
    own.mkdir(parents=True, exist_ok=True)
    file = own / f"{name}.toml"
    file.write_text(text)
    return file


def names() -> list[str]:
    return [each.name for each in own_presets()]


def test_without_a_folder_there_are_none(own: Path) -> None:
    assert own_presets() == []
    own.parent.mkdir(parents=True)
    own.write_text("a file where the folder should be")
    assert own_presets() == []


def test_what_is_no_preset_is_listed_with_its_error(own: Path) -> None:
    written(own, "good")
    written(own, "toml", "network = [")
    written(own, "keys", PLAIN.replace("layers", "layer"))
    written(own, "large", PLAIN.replace("[2, 1]", "[2, 999999]"))
    (own / "bytes.toml").write_bytes(b"\xff\xfe")
    (own / "gone.toml").symlink_to(own / "nowhere.toml")
    (own / "folder.toml").mkdir()
    os.mkfifo(own / "pipe.toml")
    written(own, ".hidden")
    (own / "notes.txt").write_text("")
    wrong = {each.name: each.wrong for each in own_presets()}
    names = ["bytes", "folder", "gone", "good", "keys", "large", "pipe", "toml"]
    assert [*wrong] == names
    assert wrong.pop("good") == ""
    assert all(wrong.values())
    assert "network.layer" in wrong["keys"]


def test_an_unknown_name_suggests_own_ones_too(own: Path) -> None:
    written(own, "exercise-7")
    with pytest.raises(PresetError, match="did you mean exercise-7"):
        load("exercise-8")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Enter a name"),
        (".toml", "Enter a name"),
        ("a/b", "cannot contain /"),
        (".hidden", "cannot begin with ."),
        ("-o", "cannot begin with -"),
        ("a\nb", "control characters"),
        ("half\udc80", "control characters"),
        ("xor", "xor is the name of a shipped preset"),
        ("run", "run is the name of a command"),
    ],
)
def test_names_that_cannot_be_used_are_refused(own: Path, name: str, message: str) -> None:
    with pytest.raises(SaveError, match=message):
        new_file(name)
    assert names() == []


def test_deleting(own: Path) -> None:
    new = written(own, "new")
    delete(new)
    delete(written(own, "broken", "["))
    assert names() == []
    with pytest.raises(SaveError, match="no such file"):
        delete(new)


def test_a_free_name_is_one_that_no_preset_has(own: Path) -> None:
    assert free_name("mine") == "mine"
    assert free_name("article") == "article-2"
    written(own, "article-2")
    assert free_name("article") == "article-3"
    assert new_file(free_name("run")) == own / "run-2.toml"


def test_what_people_type_to_save_under(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (tmp_path / "lessons").mkdir()
    (tmp_path / "old").write_text("")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert destination(" mine ") == own / "mine.toml"
    assert destination("网络 a") == own / "网络 a.toml"
    assert destination("mine.toml") == tmp_path / "mine.toml"
    assert destination("./mine") == tmp_path / "mine.toml"
    assert destination("./old") == tmp_path / "old"
    assert destination("lessons/7.1") == tmp_path / "lessons" / "7.1.toml"
    assert destination("~/a b.toml") == home / "a b.toml"
    for typed, message in {
        "": "Enter a name",
        ".toml": "Enter a name",
        "lessons/.toml": "Enter a name",
        "..": "cannot begin with",
        "../..": "is a folder",
        "~nobody-of-that-name/x": "No file can have this name",
    }.items():
        with pytest.raises(SaveError, match=message):
            destination(typed)


def test_what_is_proposed_to_save_under(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(own, "own")
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
def test_a_file_whose_name_opens_something_else_says_so(name: str, said: str, own: Path) -> None:
    own.mkdir(parents=True)
    (own / f"{name}.toml").write_text(f"description = 'Mine.'\n{PLAIN}")
    (own / "other.toml").write_text(PLAIN)
    first, last = sorted(own_presets(), key=lambda each: each.name == "other")
    assert f"`bptui {name}` {said}" in first.note
    assert not last.note
    line = bptui("list", "--own").stdout.splitlines()[name == "run"]
    assert said in line
    assert line.endswith("Mine")


def test_without_any_the_folder_is_named(own: Path) -> None:
    done = bptui("list", "--own")
    assert (done.exit_code, done.stdout) == (0, "")
    assert str(own) in done.stderr


def test_own_presets_are_listed_in_columns_and_run_by_name(own: Path) -> None:
    own.mkdir(parents=True)
    save(load("mazur"), own / "mine.toml")
    save(load("xor"), own / "练习七.toml")
    (own / "broken\x1b.toml").write_text("[")
    done = bptui("list", "--own")
    assert done.exit_code == 0
    broken, mine, chinese = done.stdout.splitlines()
    assert broken.startswith("broken\\x1b")
    assert "unusable: found invalid TOML" in broken
    assert mine.split()[:3] == ["mine", "2-2-2", "sigmoid"]
    assert mine.index("2-2-2") == chinese.index("2-4-1") + 3  # which three wide letters take
    assert (
        bptui("run", "mine", "--steps", "3").stdout == bptui("run", "mazur", "--steps", "3").stdout
    )
    assert "mine" not in bptui("list").stdout
