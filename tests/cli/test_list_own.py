"""``bptui list --own`` and the user's own presets by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.presets.own import duplicate

from .support import bptui


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "bptui" / "presets"


def test_without_any_the_folder_is_named(folder: Path) -> None:
    done = bptui("list", "--own")
    assert (done.exit_code, done.stdout) == (0, "")
    assert str(folder) in done.stderr


def test_own_presets_are_listed_in_columns_and_run_by_name(folder: Path) -> None:
    duplicate("mazur", "mine")
    duplicate("xor", "练习七")
    (folder / "broken\x1b.toml").write_text("[")
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
