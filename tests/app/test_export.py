"""The dialog of exports: what is written, under which name, and nothing lost or left behind."""

import errno
import json
import os
import re
from pathlib import Path
from time import sleep
from xml.etree import ElementTree

import numpy as np
import pytest

from bptui.app.screens.export import LONGEST, ExportScreen, stem_of
from bptui.cli.explain import explain
from bptui.cli.run import run
from bptui.presets.files import load
from bptui.presets.save import SaveError, file_at, same_experiment

from . import settling
from .settling import key_event
from .support import Session, opened

pytestmark = pytest.mark.usefixtures("own")
DOWN = ["down"]


async def exported(session: Session, file: Path, *keys: str) -> bytes:
    """What the dialog writes, after ``keys`` in it, to ``file``, which is said afterwards."""
    await session.press("x", *keys)
    await session.says(f"/{file.name}")
    await session.press("enter")
    await session.closed()
    news = session.notices  # whose lines break anywhere
    await session.until(lambda: file.name in "".join(news().split()), "the news")
    return file.read_bytes()


async def test_what_is_shown_is_written_and_where_is_said() -> None:
    async with opened("mazur", (80, 24)) as session:
        await session.press("s", "s")
        await session.step(2)
        before = session.lines()
        screen = await exported(session, Path.cwd() / "mazur-step-2.txt", *DOWN * 7)
        assert screen.decode() == "".join(f"{line.rstrip()}\n" for line in before)

        # a picture of the same screen, which the dialog and the news cover no part of
        svg = await exported(session, Path.cwd() / "mazur-step-2.svg", *DOWN * 6)
        texts = [
            each.text.replace("\xa0", " ")
            for each in ElementTree.fromstring(svg).iter()
            if each.text
        ]
        for line in before:
            for word in re.findall(r"[+-]?\d\.\d{3,}|[A-Za-z]{4,}", line):
                assert any(word in text for text in texts)
        assert load("mazur").title in texts
        assert b"font-face" not in svg  # nothing is fetched

        for down, tail, form in ((8, "md", "markdown"), (9, "tex", "latex")):
            file = Path.cwd() / f"mazur-worksheet-step-2.{tail}"
            sheet = await exported(session, file, *DOWN * down)
            explain(load("mazur"), 2, "all", form, "expected")
            assert sheet == Path("expected").read_bytes()
        rows = json.loads(await exported(session, Path.cwd() / "mazur-history.json", *DOWN * 4))
        run(load("mazur"), 2, 1, "jsonl", "expected")
        for row, line in zip(rows, Path("expected").read_text().splitlines(), strict=True):
            assert row == row | json.loads(line) | {"outputs": row["outputs"]}
        torch = await exported(session, Path.cwd() / "mazur-torch.py", *DOWN)
        assert b"import torch" in torch
        assert not [*Path().glob(".*")]


async def test_names_and_formats_follow_each_other() -> None:
    async with opened("article-listing-1", (80, 24)) as session:
        await session.press("x")
        await session.says("numpy", "/article-listing-1.py")
        await session.press(*DOWN * 7)
        await session.says("/article-listing-1-step-0.txt")
        y = next(y for y, line in enumerate(session.lines()) if "NPZ" in line)
        await session.pilot.click(offset=(session.lines()[y].index("NPZ"), y))
        await session.says("/article-listing-1-history.npz")
        await session.fill("~/mine.npz")
        await session.press("down")
        await session.says("→ ~/mine.svg")
        await session.fill("mine.md.bak")
        await session.says("here/mine.md.bak.svg")
        await session.fill("mine.PY")
        await session.press(*["up"] * 6)
        await session.says("here/mine.py")
        for name, message in {
            "no/such/folder.py": "There is no folder",
            ".py": "Enter a name.",
        }.items():
            await session.fill(name)
            await session.press("enter")
            await session.says(message)
        # autograd makes no mistakes
        await session.fill("mine.py")
        await session.press("down", "enter")
        await session.says("makes mistakes (transposed-weights, frozen-last-layer)")
        assert not [*Path().iterdir()]


async def test_a_full_disk_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("article.py").write_text("not to be lost")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with opened("article") as session:
        await session.press("x", "enter")
        await session.says("article.py exists: enter again to overwrite it, or type another name.")
        monkeypatch.setattr(os, "fsync", full)
        await session.press("enter")
        await session.says("article.py cannot be written: no space left on device.")
    assert Path("article.py").read_text() == "not to be lost"
    assert os.listdir() == ["article.py"]


async def test_what_was_edited_is_exported_and_what_is_lost_is_said() -> None:
    async with opened("article", (80, 24)) as session:
        await session.bring("#weights")
        await session.press("enter", *"0.7", "enter")  # w1 at step 0
        await session.until(lambda: "+0.700000" in session.screen(), "the edit")
        await session.press("x")
        await session.says("It starts at step 0.")
        await session.press("escape")
        await session.closed()
        await session.press("s", "s", "s")
        await session.step(3)
        await session.press("enter", *"-1.25", "enter")
        await session.until(lambda: "-1.250000" in session.screen(), "the second edit")
        await session.press("x", *DOWN * 2)
        await session.says("without your changes at later steps")
        await session.press("escape")
        await session.closed()

        await exported(session, Path.cwd() / "article.toml", *DOWN * 2)
        start = load("./article.toml").start
        assert start.weights[0][0, 0] == 0.7
        assert not same_experiment(load("./article.toml"), load("article"))
        await exported(session, Path.cwd() / "article-history.npz", *DOWN * 5)
        archive = np.load("article-history.npz")
        assert archive["W1"][[0, 3], 0, 0].tolist() == [0.7, -1.25]
        await session.press("x", *DOWN * 8)
        sheet = Path.cwd() / "article-worksheet-step-3.md"
        await session.press("enter")
        await session.closed()
        assert "-1.25" in sheet.read_text()


async def test_a_long_export_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    tick, ticks = ExportScreen.tick, list[None]()

    def never_done(job: ExportScreen) -> None:
        """Writes ten rows, and none more until it is stopped, however fast the machine is."""
        ticks.append(None)
        while len(ticks) > 10 and not job.stopped:
            sleep(0.001)
        tick(job)

    monkeypatch.setattr(ExportScreen, "tick", never_done)
    monkeypatch.setattr(settling, "LONGEST", 0.05)  # pauses would wait for it
    async with opened("xor") as session:
        player, last = session.app.player, 600
        await session.press("g", *str(last), "enter")
        await session.step(last)
        await session.press("x", *DOWN * 3, "enter")
        await session.says("writing …")
        # nothing else can be chosen or typed meanwhile
        for key in ("down", "tab", "u", "c", "backspace", "enter"):
            session.app.post_message(key_event(key))
        await session.says("writing …")
        await session.shows("esc: stop")
        await session.press("escape")
        await session.says("Stopped. Nothing was written.", "xor-history.csv")
        await session.shows("esc: close")
        assert isinstance(session.app.screen, ExportScreen)
        assert not [*Path().iterdir()]
        assert (player.snapshot.step, player.timeline.furthest) == (last, last)
        # and where the app is left meanwhile
        await session.press("enter")
        await session.says("writing …")
        await session.until(lambda: [*Path().iterdir()], "the file that is to be renamed")
    assert not [each for each in Path().iterdir() if not each.name.startswith(".")]


def test_names_of_presets_as_names_of_files() -> None:
    for name, stem in {
        "article-listing-1": "article-listing-1",
        "网络 a/b\\c": "网络-a-b-c",
        "../x": "x",
        "\x1b[31m": "31m",
        "...": "network",
        "n" * 300: "n" * LONGEST,
    }.items():
        assert stem_of(name) == stem
    assert file_at("a", ".csv").name == "a.csv"
    assert file_at("a.CSV", ".csv").name == "a.CSV"
    with pytest.raises(SaveError, match="No file can have this name"):
        file_at("~nobody-of-this-name/a", ".csv")
