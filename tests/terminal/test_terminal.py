"""The program in a real terminal: what it shows, and how it leaves."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic

import pytest

from .support import Terminal

START = ("step 0", "loss 0.163287", "Network", "Loss", "Derivation", "d: scalar")


def test_a_session() -> None:
    with Terminal() as terminal:
        terminal.shows(*START)
        assert "article" in terminal.status
        start = numbers(terminal.settles())
        terminal.press("s")
        terminal.shows("step 1 ", "loss 0.157921")
        first = numbers(terminal.settles())
        assert first != start
        terminal.press("S")
        terminal.until(lambda: numbers(terminal.text) == start, "the start values")
        terminal.press("sssSS")
        terminal.shows("step 1 ", "loss 0.157921")
        # only what changes is drawn, and all of it
        terminal.until(lambda: numbers(terminal.text) == first, "step 1 as it was")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_resizing_both_ways() -> None:
    with Terminal(columns=80, lines=24) as terminal:
        terminal.shows(*START)
        small = terminal.settles()
        terminal.resize(200, 60)
        terminal.until(lambda: right_edge(terminal) == 199, "the larger size")
        terminal.shows("half squared error", "0.492120")
        # the chart fills its panel: axis, its labels, the border, then the next panel
        terminal.until(
            lambda: row_of(terminal, "└┬──") == row_of(terminal, "─ Weights") - 3, "axis"
        )
        terminal.resize(60, 16)
        terminal.until(lambda: right_edge(terminal) == 59, "the smaller size")
        terminal.press("s")
        terminal.shows("loss 0.157921")
        terminal.press("S")
        terminal.shows("loss 0.163287")
        terminal.resize(80, 24)
        terminal.until(lambda: numbers(terminal.text) == numbers(small), "the first size")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_interrupted_while_running_leaves_the_terminal_as_it_was() -> None:
    with Terminal("xor", columns=80, lines=24) as terminal:
        terminal.shows("xor", "step 0", "d: scalar")
        terminal.press(" ")
        terminal.until(lambda: "▶" in terminal.status, "the run")
        terminal.press("\x03")
        terminal.shows("to quit")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--theme", "nonsense"], "found 'nonsense'; expected one of"), (["-"], "standard input")],
)
def test_refusals_are_one_message(arguments: list[str], message: str) -> None:
    with Terminal(*arguments) as terminal:
        assert terminal.ends() == 2
        assert message in " ".join(terminal.plain.split())
        assert "Traceback" not in terminal.plain
        assert terminal.plain.count("rror") == 1
        assert b"\x1b[?1049h" not in terminal.written
        assert terminal.is_restored()


def numbers(text: str) -> list[str]:
    """The numbers of the panels but the loss; those of the chart's axis have fewer decimals."""
    return re.findall(r"[+-]?\d\.\d{4,}(?:e-\d+)?", re.sub("(?m)^ Loss .*", "", text))


def right_edge(terminal: Terminal) -> int:
    """The column of the right panels' upper right corners."""
    return max(line.rfind("╮") for line in terminal.screen.display)


def row_of(terminal: Terminal, text: str) -> int:
    """The first row that holds ``text``; -1 where none does."""
    return next((row for row, line in enumerate(terminal.screen.display) if text in line), -1)


def test_every_key_of_a_burst_counts() -> None:
    with Terminal("mazur", columns=80, lines=24) as terminal:
        terminal.shows("step 0 ")
        terminal.press("-" * 12)  # so slow that no run takes a step before the next key
        for spaces, logarithmic in ((2, True), (4, False)):
            terminal.press(" " * spaces + "l")
            # then the keys before it have been dealt with
            terminal.until(lambda on=logarithmic: ("logarithmic" in terminal.text) is on, "a scale")
            assert "▶" not in terminal.status
            terminal.press("s")
            terminal.shows("step 1 ")
            terminal.press("r")
            terminal.shows("step 0 ")
        terminal.press(" " * 3)
        terminal.until(lambda: "▶" in terminal.status, "running")
        terminal.press("r")
        terminal.shows("step 0 ")
        terminal.press("g\x1bs?\x1bs")  # escape and a letter may arrive together
        terminal.shows("step 2 ")
        terminal.press("g^")
        terminal.shows("Not a number: '^'")
        terminal.press("\x1b")
        terminal.until(lambda: "Go to" not in terminal.text, "the dialog's end")
        terminal.press("g7\n")  # as enter comes from a terminal that is not in raw mode yet
        terminal.shows("step 7 ")
        terminal.press("q")
        assert terminal.ends() == 0


def test_a_wide_name_a_theme_and_few_frames(tmp_path: Path) -> None:
    name = "日本語の長い名前のプリセットファイルです逆伝播の練習問題.toml"
    text = "[network]\nlayers = [2, 2, 1]\n[data]\ndataset = 'xor'\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    options = ("--theme", "nord", "--fps", "1")
    with Terminal(str(tmp_path / name), *options, columns=80, lines=24) as terminal:
        terminal.shows("step 0 ")
        assert re.search(r"loss \d\.\d{5}", terminal.status)
        taken = []
        for step in range(1, 11):
            began = monotonic()
            terminal.press("s")
            terminal.shows(f"step {step} ")
            taken.append(monotonic() - began)
        # each would wait for the next frame, and be a second after the one before
        assert min(taken) < 0.8
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
