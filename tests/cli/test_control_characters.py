"""What others wrote never commands the terminal: no control character leaves any command."""

import unicodedata
from pathlib import Path

import pytest
from click.testing import Result

from .support import bptui

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x7f\u202e"
SPELT = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\b\\u007f\\u202e"
NETWORK = "[network]\nlayers = [2, 2]\n[training]\nsteps = 2\n"
PRESET = f"""title = "T{SPELT}"
description = "D{SPELT}"
source = "S{SPELT}"
{NETWORK}[data]
csv = "t.csv"
class_column = "k{SPELT}"
"""
TABLE = f"a{EVIL},b,k{EVIL}\n1,2,x{EVIL}\n3,4,y\n"
CODE = "raise ValueError('" + "\\x1b[31m" + "')\n"
NAME = f"n{EVIL.replace('/', '')}"


def fit(done: Result) -> None:
    """Both streams hold nothing but text."""
    for text in (done.stdout, done.stderr):
        bad = {each for each in text if unicodedata.category(each)[0] == "C" and each != "\n"}
        assert not bad, repr(text[:500])


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{NAME}.toml").write_text(PRESET)
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / f"{NAME}.py").write_text(CODE)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        *(["run", "--format", form] for form in ("table", "jsonl", "csv")),
        *(["explain", "--format", form] for form in ("text", "markdown", "latex")),
        ["gradcheck"],
        ["export", "--to", "numpy"],
        ["export", "--to", "torch"],
        ["export", "--to", "toml"],
        ["check", "--template", "--preset"],
    ],
    ids=lambda each: " ".join(each[:3]) or "the app without a terminal",
)
def test_commands(arguments: list[str]) -> None:
    done = bptui(*arguments, f"{NAME}.toml")
    assert (done.exit_code, done.stdout == "") == (0, False)
    fit(done)


def test_list_of_the_users_own(own: Path) -> None:
    own.mkdir(parents=True)
    (own / f"{NAME}.toml").write_text(PRESET)
    (own / f"wrong{NAME}.toml").write_text(f'"{SPELT}" = 1')
    done = bptui("list", "--own")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 2)
    fit(done)


UNUSABLE = {
    "no such preset": ["run", NAME],
    "code that raises": ["check", f"{NAME}.py"],
    "no such Python": ["check", f"{NAME}.py", "--python", NAME],
    "no such option": ["run", "article", f"--{EVIL}"],
    "no such command": [f"x{EVIL}", "y"],
    "no such format": ["run", "article", "--format", EVIL],
    "no such quantity": ["explain", "article", "--quantity", EVIL],
    "no such theme": ["article", "--theme", EVIL],
    "an output that cannot be": ["run", "article", "-o", f"{NAME}/x"],
}


@pytest.mark.parametrize(("name", "arguments"), UNUSABLE.items(), ids=UNUSABLE)
def test_errors(name: str, arguments: list[str]) -> None:
    done = bptui(*arguments)
    code = 3 if name == "code that raises" else 2
    assert (done.exit_code, done.stdout, done.stderr == "") == (code, "", False)
    fit(done)
