"""What lists show of a preset: nothing that a terminal would obey, and who has its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bptui.main import cli
from bptui.presets import load
from bptui.presets.errors import cleaned
from bptui.presets.own import own_presets
from bptui.presets.save import document

NETWORK = "[network]\nlayers = [2, 1]\n[data]\ninputs = [[0, 1]]\ntargets = [[1]]\n"
HOSTILE = r'"""\u001b]0;PWNED\u0007 \u001b[31mred\u202e\u0008\u3000网 line\n\n\tother\u009b"""'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "bptui" / "presets"
    folder.mkdir(parents=True)
    return folder


def hostile(folder: Path, name: str = "evil\x1b]0;x\x07") -> Path:
    file = folder / f"{name}.toml"
    heads = "".join(f"{key} = {HOSTILE}\n" for key in ("title", "description", "source"))
    file.write_text(f'{heads}training.mistakes = ["\\u001b[31m"]\n{NETWORK}')
    return file


def test_nothing_in_an_entry_can_command_a_terminal(folder: Path) -> None:
    hostile(folder)
    (entry,) = own_presets()
    assert entry.name == r"evil\x1b]0;x\x07"
    assert entry.title == entry.source == "red\u3000网 line   other"
    assert entry.summary == "red\u3000网 line"
    assert entry.description.split("\n") == ["red\u3000网 line", "", " other"]
    assert entry.mistakes == (r"\x1b[31m",)


def test_an_experiment_has_clean_texts_and_saves_those_of_its_file(folder: Path) -> None:
    file = hostile(folder)
    text = file.read_text().replace('training.mistakes = ["\\u001b[31m"]\n', "")
    file.write_text(text)
    experiment = load(str(file))
    for each in (experiment.name, experiment.title, experiment.description, experiment.source):
        assert all(line.replace("\u3000", "").isprintable() for line in each.split("\n"))
    assert document(experiment) == text


def test_the_list_on_the_command_line_is_clean(folder: Path) -> None:
    hostile(folder)
    hostile(folder, "plain")
    printed = CliRunner().invoke(cli, ["list", "--own"]).stdout
    assert all(line.replace("\u3000", "").isprintable() for line in printed.split("\n"))
    assert printed.count("\n") == 2


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
    (folder / f"{name}.toml").write_text(f"description = 'Mine.'\n{NETWORK}")
    (folder / "other.toml").write_text(NETWORK)
    first, last = sorted(own_presets(), key=lambda each: each.name == "other")
    assert f"`bptui {name}` {said}" in first.note
    assert not last.note
    line = CliRunner().invoke(cli, ["list", "--own"]).stdout.splitlines()[name == "run"]
    assert said in line
    assert line.endswith("Mine")
