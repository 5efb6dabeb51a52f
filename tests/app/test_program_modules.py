"""The app on a program of several files."""

from pathlib import Path

import pytest

from tests.cli.test_check_modules import SLOPE, written

from .program_support import opened


async def test_the_lines_of_modules_stand_below_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = written(tmp_path, "grad * self.out").read_text()
    async with opened(tmp_path, text, watch=True) as session:
        await session.shows("wrong at layers.py:20")
        await session.press("w")
        await session.shows("Source: layers.py backward 20", "20 ✗", "should be: delta = grad")
        await session.press("b", *"layers.py line 27", "enter", "escape", "space")
        await session.says("Breakpoint: layers.py line 27")
        await session.press("b", *"nets.py line 24")
        await session.shows("ound no file 'nets.py'; there are layers.py")
        await session.press("escape")
        written(tmp_path, SLOPE)  # what is watched are all of its files
        await session.says("my_net.py: right")
