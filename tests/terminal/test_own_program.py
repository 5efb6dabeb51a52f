"""Somebody's own program in a real terminal: stepped to the wrong line, or refused."""

from pathlib import Path

from ..app.program_support import WRONG
from .support import Terminal


def test_a_program_is_opened_and_its_wrong_line_is_one_key_away(tmp_path: Path) -> None:
    file = tmp_path / "my_net.py"
    file.write_text(WRONG, encoding="utf-8")
    with Terminal(str(file), columns=80, lines=24) as terminal:
        terminal.shows("my_net.py", "wrong at line 21", "Source: line 14", "update")
        terminal.press("w")
        terminal.shows("Source: line 21", "should be: d1", "should be dL/dz2")
        terminal.resize(120, 36)
        terminal.shows("should be dL/dz2", "Loss")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_what_cannot_be_shown_is_said_without_a_screen(tmp_path: Path) -> None:
    file = tmp_path / "my_net.py"
    file.write_text("print(1)\n", encoding="utf-8")
    with Terminal(str(file), columns=200, lines=10) as terminal:
        assert terminal.ends() == 3
        assert "it updates nothing by a gradient" in terminal.text
        assert "Source" not in terminal.text
