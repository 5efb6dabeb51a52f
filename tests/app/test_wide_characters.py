"""Text of people in any script: every line stays as wide as the screen, as terminals count."""

from pathlib import Path

import pytest
from wcwidth import wcwidth

from bptui.app.app import BptuiApp
from bptui.presets.files import load

from .support import Session, opened

NAMES = [
    "学习率 特征",
    "e\u0301\u0301\u0301clair",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 family",
    "\u263a\ufe0f\u2708\ufe0f",
    "שלום עולם",
    "\u202eabc\u202c",
    "\u200bzero\u200bwidth\u200b",
    "한국어 이름",
    "\U0001f1e9\U0001f1ea",
    "a\u0300" * 40,
    "1\ufe0f\u20e32\ufe0f\u20e3",
    "W" * 200,
]
TITLE = "  ".join(NAMES)
PRESET = f'''title = "{TITLE}"
description = "{TITLE}"
source = "{TITLE}"
[network]
layers = [2, 3, {len(NAMES)}]
activation = ["tanh", "softmax"]
[training]
loss = "cross_entropy"
[data]
csv = "rows.csv"
class_column = "class"
test_fraction = 0.2
'''


@pytest.fixture
def preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of the user's own presets, with names in many scripts."""
    folder = tmp_path / "bptui" / "presets"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    rows = [f"{NAMES[0]},{NAMES[3]},class"]
    rows += [f"0.{row},0.{99 - row},{NAMES[row % len(NAMES)]}" for row in range(10, 46)]
    (folder / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    path = folder / f"{NAMES[0]}{NAMES[2]}.toml"
    path.write_text(PRESET, encoding="utf-8")
    return path


def check_widths(session: Session) -> None:
    width = session.app.size.width
    for line in session.lines():
        assert sum(max(wcwidth(each), 0) for each in line) == width, line
        assert not any(each in line for each in "\u200d\ufe0f\u202e\x1b")


async def test_no_line_is_shifted(preset: Path) -> None:
    experiment = load(str(preset))
    for size in ((60, 16), (120, 36)):
        async with opened(experiment, size) as session:
            check_widths(session)
            for keys in (["k"], ["enter"], ["o"], ["i"], ["o"], ["o"], ["w"], ["escape"], ["p"]):
                await session.press(*keys)
                check_widths(session)
            assert isinstance(session.app, BptuiApp)
            await session.shows("enter: open")
            await session.press("down", "up")
            check_widths(session)
