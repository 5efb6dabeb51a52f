"""Large pastes: text that nobody asked for is dropped, a line says that it is too long."""

from pathlib import Path

from .support import Terminal

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
        terminal.press(pasted(900_000))  # in a field of one line nothing
        terminal.press("\r")
        terminal.press(pasted(900_000))
        terminal.shows("Too long for one line: 900,000 characters, at most 40,000.", "2-2-2")
        terminal.press("\t\t\t\t")
        terminal.press(pasted(900_000))
        terminal.shows("19,1", " rows; ", "W1 2x2")
        terminal.press("\t")
        terminal.shows("! row 1: not a number: 'The'", "! Wrong: W1 2x2")
        terminal.press("\x1b\x1b")
        terminal.shows("step 1 ", "Network")
        terminal.press("q")
        assert terminal.ends() == 0
