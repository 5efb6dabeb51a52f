"""The program in a real terminal: what it shows, what it takes and writes, and how it leaves."""

import random
import re
import sys
from pathlib import Path
from statistics import median
from time import monotonic

from ..app.program_support import WRONG
from .support import Terminal


def test_a_refusal_is_one_message() -> None:
    with Terminal("--theme", "nonsense") as terminal:
        assert terminal.ends() == 2
        assert "found 'nonsense'; expected one of" in " ".join(terminal.plain.split())
        assert "Traceback" not in terminal.plain
        assert terminal.plain.count("rror") == 1
        assert b"\x1b[?1049h" not in terminal.written
        assert terminal.is_restored()


def test_every_key_of_a_burst_counts_and_in_a_run_the_terminal_is_left_as_it_was() -> None:
    with Terminal("mazur", columns=80, lines=24) as terminal:
        terminal.shows("step 0 ")
        terminal.press("-" * 10)  # so slow that no run takes a step before the next key
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
        terminal.press(" ")
        terminal.until(lambda: "▶" in terminal.status, "the run")
        terminal.press("\x03")  # which ends nothing
        terminal.shows("to quit")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


EVIL = "\x1b]0;owned\x07\x1b[97;98;99m\x9b31m\u202e"
PRESET = """\
title = "Title{0}"
description = "Told{0}"
source = "Source{0}"
[network]
layers = [2, 2]
[data]
csv = "t.csv"
class_column = "k{0}"
""".format(EVIL.encode("unicode_escape").decode().replace("\\x", "\\u00"))
LOOKS = ("o Learned", "i Samples", "p Presets", "w Save", "e Experiment", "x Export")
"""Keys, and what they show; the last ones are dialogs over the samples."""


def test_what_others_wrote_with_a_theme_and_few_frames(own: Path) -> None:
    """No screen passes on to the terminal what would command it."""
    own.mkdir(parents=True)
    file = own / f"zz{EVIL}.toml"
    file.write_text(PRESET, encoding="utf-8")
    (own / "t.csv").write_text(f"a{EVIL},b,k{EVIL}\n1,2,x{EVIL}\n3,4,y\n", encoding="utf-8")
    options = ("--theme", "nord", "--fps", "1")
    with Terminal(str(file), *options, columns=140, lines=40) as terminal:
        terminal.shows("step 0 ", "linear")
        assert re.search(r"loss \d\.\d{5}", terminal.status)
        taken = []
        for step in range(1, 11):
            began = monotonic()
            terminal.press("s")
            terminal.shows(f"step {step} ")
            taken.append(monotonic() - began)
        # each would wait for the next frame, and be a second after the one before
        assert min(taken) < 0.8
        for look in LOOKS:
            key, shown = look.split()
            terminal.press(key)
            terminal.shows(shown)
            terminal.settles()
            if look in LOOKS[2:]:
                terminal.press("\x1b")
                terminal.until(lambda title=shown: f"─ {title}" not in terminal.text, "its end")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()
        for part in (b"\x1b]0;owned", b"\x1b[97;98;99m", "\x9b".encode(), "\u202e".encode()):
            assert part not in terminal.written


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


TEXT = "The quick brown fox jumps over 0.25 lazy dogs,\r"
"""Many of its letters are keys of the app, which would leave at the first q."""


def pasted(length: int) -> str:
    """In brackets; the terminal's answer to a question comes in the midst of it."""
    half = (TEXT * length)[: length // 2]
    return f"\x1b[200~{half}\x1b[1;1R{half}\x1b[201~"


def test_large_pastes(tmp_path: Path) -> None:
    with Terminal("article", XDG_STATE_HOME=str(tmp_path)) as terminal:
        terminal.shows("step 0 ", "linear")
        terminal.press(pasted(900_000))
        terminal.press("s")
        terminal.shows("step 1 ", "loss 0.157921")
        terminal.press("e")
        terminal.shows("Experiment: article", "activation")
        terminal.press(pasted(900_000))
        terminal.shows("! network.layers: not a number of units: 'The'")
        terminal.press("\x1b\x1b")
        terminal.shows("step 1 ", "Network")
        terminal.press("g")
        terminal.shows("Go to")
        terminal.press(pasted(900_000))
        terminal.shows("Too long for one line: 900,000 characters, at most 40,000.")
        terminal.press("\x1b")
        terminal.shows("step 1 ", "Network")
        terminal.press("q")
        assert terminal.ends() == 0


KB = 1000
TRUECOLOR = {"COLORTERM": "truecolor"}


def written(terminal: Terminal, key: str, *texts: str) -> int:
    """The bytes that a key leads to."""
    before = len(terminal.written)
    terminal.press(key)
    terminal.shows(*texts)
    terminal.settles()
    return len(terminal.written) - before


def test_cells_that_changed_and_after_a_stall_the_latest_frame_alone() -> None:
    with Terminal("article", columns=120, lines=40, **TRUECOLOR) as terminal:
        terminal.shows("step 0 ", "linear")
        terminal.settles()
        assert len(terminal.written) <= 15 * KB
        assert not terminal.read(0.3)  # at rest nothing is written
        steps = [written(terminal, "s", f"step {each} ") for each in range(1, 6)]
        assert median(steps) <= 1.3 * KB
        operations = [written(terminal, "n", f"{each}/12") for each in range(1, 8)]
        assert median(operations) <= 1.3 * KB  # three forms of what they compute among them
        if sys.platform == "linux":  # where /proc tells what rests
            before = len(terminal.written)
            terminal.press("s" * 100)  # and nothing is read meanwhile
            terminal.rests()
            terminal.shows("step 105 ")
            terminal.settles()
            assert len(terminal.written) - before < 40 * KB
        terminal.press("q")
        assert terminal.ends() == 0


def test_a_storm_of_sizes_while_training_runs() -> None:
    chance = random.Random(7)
    with Terminal("article", columns=120, lines=36) as terminal:
        terminal.shows("linear", "step 0")
        terminal.press(" ")
        terminal.until(lambda: "▶" in terminal.status, "the run")
        for number in range(60):
            terminal.resize(chance.randint(1, 300), chance.randint(1, 100))
            terminal.read(0.002)
            if number % 20 == 19:  # the last size counts, also where it was there a moment before
                terminal.resize(100, 30)
                terminal.resize(chance.randint(1, 300), chance.randint(1, 100))
                terminal.resize(100, 30)
                terminal.until(lambda: is_whole(terminal), "the screen of the last size")
        terminal.press("r")
        terminal.shows("step 0 ")
        terminal.resize(20, 5)
        terminal.shows("needs 60x16")
        terminal.press("p?b\x10")
        terminal.settles()  # they are dealt with while there is no room for a dialog
        for size in ((1, 1), (5, 2), (59, 15)):
            terminal.resize(*size)
            terminal.read(0.1)
        terminal.shows("needs 60x16, is 59x15")
        terminal.resize(60, 16)
        terminal.shows("Network", "Derivation")
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_restored()


def is_whole(terminal: Terminal) -> bool:
    """Whether every panel of the main screen is there, at 100 columns and 30 rows."""
    titles = ("Network", "Loss", "Weights", "Gradients", "Derivation")
    last = terminal.screen.display[-1]
    return all(f"─ {each}" in terminal.text for each in titles) and last.startswith(" n/N")
