"""What others wrote never commands the terminal from the app's screens either."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptui.presets.folders import own_folder

from ..terminal.support import Terminal

EVIL = "\x1b]0;owned\x07\x1b[97;98;99m\x9b31m\u202e"
SPELT = "\\u001b]0;owned\\u0007\\u001b[97;98;99m\\u009b31m\\u202e"
PRESET = f"""title = "Title{SPELT}"
description = "Told{SPELT}"
source = "Source{SPELT}"
[network]
layers = [2, 2]
[data]
csv = "t.csv"
class_column = "k{SPELT}"
"""
TABLE = f"a{EVIL},b,k{EVIL}\n1,2,x{EVIL}\n3,4,y\n"
ESC = "\x1b"
LOOKS = [
    ("o", "Learned"),
    ("i", "Samples"),
    ("p", "Presets"),
    (ESC, "Samples"),
    ("w", "Save"),
    (ESC, "Samples"),
    ("e", "Experiment"),
    (ESC, "Samples"),
    ("x", "Export"),
    (ESC, "Samples"),
]


def test_no_screen_passes_them_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = own_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "t.csv").write_text(TABLE)
    name = f"zz{EVIL}.toml"
    (folder / name).write_text(PRESET)
    try:
        with Terminal(str(folder / name), columns=140, lines=40) as terminal:
            terminal.shows("step 0", "linear")
            for key, text in LOOKS:
                terminal.press(key)
                terminal.shows(text)
                terminal.settles()
            terminal.press("q")
            assert terminal.ends() == 0
            for part in (b"\x1b]0;owned", b"\x1b[97;98;99m", "\x9b".encode(), "\u202e".encode()):
                assert part not in terminal.written
    finally:
        (folder / name).unlink()
        (folder / "t.csv").unlink()
