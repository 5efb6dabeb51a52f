"""The program in a real terminal: what it shows, and how it leaves."""

import re
from pathlib import Path
from time import monotonic

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
