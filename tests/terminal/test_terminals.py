"""Terminals of every kind: which bytes they get, and what can be told without colours."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from .support import AROUND, SECONDS, Terminal

RGB, INDEXED, SIXTEEN = "38;2", "38;5", "30-37"


@dataclass(frozen=True)
class Kind:
    """A terminal, and which kinds of colours may be sent to it."""

    term: str
    colours: frozenset[str]
    variables: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    characters: Callable[[str], bool] = lambda text: True


def only(*colours: str) -> frozenset[str]:
    return frozenset(colours)


KINDS = {
    "truecolor": Kind("xterm-256color", only(RGB), {"COLORTERM": "truecolor"}),
    "no colours": Kind(
        "xterm-256color",
        only(),
        {"NO_COLOR": "1", "COLORTERM": "truecolor"},
        ("--theme", "bptui-light"),
    ),
    "light by itself": Kind("xterm-256color", only(INDEXED), {"COLORFGBG": "0;15"}),
    "linux": Kind("linux", only(SIXTEEN), characters=lambda text: not re.search("[⠁-⣿▸◂╭]", text)),
    "--ascii": Kind("linux", only(SIXTEEN), {}, ("--ascii", "--plain-driver"), str.isascii),
}


def colours_in(written: str) -> set[str]:
    """Which kinds of colours were selected."""
    found = set()
    for codes in re.findall(r"\x1b\[([0-9;]*)m", written):
        rest = re.sub(r"[34]8;2;\d+;\d+;\d+", "", codes)
        found |= {RGB} if rest != codes else set()
        last = re.sub(r"[34]8;5;\d+", "", rest)
        found |= {INDEXED} if last != rest else set()
        numbers = [int(each) for each in last.split(";") if each]
        found |= (
            {SIXTEEN} if any(29 < n < 38 or 39 < n < 48 or 89 < n < 108 for n in numbers) else set()
        )
    return found


def is_marked(terminal: Terminal, text: str, mark: Callable[..., bool]) -> bool:
    """Whether ``text`` stands somewhere with a mark in all of its cells."""
    for y, line in enumerate(terminal.screen.display):
        for found in re.finditer(re.escape(text), line):
            if all(mark(terminal.screen.buffer[y][x]) for x in range(*found.span())):
                return True
    return False


@pytest.mark.parametrize("name", KINDS)
def test_what_it_gets_and_what_can_be_told(name: str) -> None:
    kind = KINDS[name]
    with Terminal("article", *kind.arguments, term=kind.term, **kind.variables) as terminal:
        terminal.shows("step 0", "loss 0.163287", "linear", "quit")
        terminal.press("nnn")
        terminal.shows("3/12 forward: net_o", "0.546731")
        terminal.shows("net_o2 = ")  # the derivation
        marked = partial(is_marked, terminal)

        def shows_marked(text: str, mark: Callable[..., bool]) -> None:
            terminal.until(lambda: marked(text, mark), f"{text} with its mark")

        # the sign is written, the selection reversed, its panel's title marked
        for weight in ("+0.1500", "+0.150000"):  # in the focused panel and in the others
            shows_marked(weight, lambda cell: cell.reverse)
        shows_marked("Network", lambda cell: cell.underscore or cell.reverse)
        # what the operation reads is underlined, what it writes is bold, both have glyphs
        for read in ("+0.400000", "0.539915"):
            shows_marked(read, lambda cell: cell.underscore)
        shows_marked("0.492120", lambda cell: cell.bold)
        terminal.until(lambda: re.search("W2[▸>]", terminal.text), "what is read")
        terminal.until(lambda: re.search("o1[◂<]", terminal.text), "what is written")
        assert not marked("Loss", lambda cell: cell.underscore or cell.reverse)
        assert not marked("+0.300000", lambda c: c.bold or c.underscore or c.reverse)
        written = terminal.written.decode(errors="ignore")  # its last character may be on its way
        assert colours_in(written) == kind.colours
        text = re.sub(r"\x1b(\[[0-9;?=><]*[ -/]*[@-~]|\][^\x07]*\x07|[()].|[=>])", "", written)
        assert kind.characters(text)
        # and what is yet to be computed is no number
        assert re.search(r"delta +[·.]", terminal.text)
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def test_a_terminal_that_can_do_nothing_is_refused() -> None:
    with Terminal("article", term="unknown") as terminal:
        assert terminal.ends() == 2
        assert "cannot show the app" in terminal.plain
        assert "bptui run article" in terminal.plain
        assert b"\x1b[?1049h" not in terminal.written


def told(term: str, **variables: str) -> str:
    """How many colours a program takes there."""
    program = (
        "import os\nfrom bptui.terminal.capabilities import colour_system\n"
        "print(colour_system(os.environ))"
    )
    around = {name: value for name, value in os.environ.items() if name not in AROUND}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**around, "TERM": term, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_how_many_colours_it_takes(tmp_path: Path) -> None:
    full = {"COLORTERM": "truecolor"}
    assert told("xterm-256color") == "256"
    assert told("screen", **full) == "256"
    assert told("screen.tmux-256color", **full, TMUX="x", STY="x") == "256"  # screen in tmux
    assert told("screen-256color", **full, TMUX="x") == "truecolor"
    assert told("xterm-256color", WT_SESSION="x") == "truecolor"  # Windows Terminal
    assert told("xterm-kitty", TERMINFO=str(tmp_path)) == "256"  # described nowhere


DESCRIPTIONS = """\
foot|as its authors describe it, colors#256, Tc, cup=\\E[%i%p1%d;%p2%dH,
alacritty|without what few know of, colors#256, cup=\\E[%i%p1%d;%p2%dH,
kitty|as if it had 16, colors#16, cup=\\E[%i%p1%d;%p2%dH,
"""


@pytest.mark.skipif(shutil.which("tic") is None, reason="makes a terminal database")
def test_the_terminal_database_says_how_many_colours(tmp_path: Path) -> None:
    source = tmp_path / "descriptions"
    source.write_text(DESCRIPTIONS)
    subprocess.run(["tic", "-x", "-o", tmp_path, source], check=True, timeout=SECONDS)
    for term, colours in {"foot": "truecolor", "alacritty": "256", "kitty": "standard"}.items():
        assert told(term, TERMINFO=str(tmp_path)) == colours
