"""Programs of many kinds, each right, and with a line as people get it wrong.

In each text a wrong line stands behind ``#!`` beside the right one.
"""

import re

from bptui.trace.mend.origins import blame_origins
from tests.trace.support import Judged

HEAD = """
import numpy as np
rng = np.random.default_rng(0)
x = rng.normal(size=(6, 3))
y = rng.normal(size=(6, 2))
W = rng.normal(size=(3, 2))
V = rng.normal(size=(2, 2))
b = np.zeros(2)
"""
"""What each of them begins with."""
WRONG = re.compile(r"^( *)(.*?)  #! (.*)$", re.MULTILINE)


def program(text: str) -> Judged:
    """A program of that text after the head."""
    return Judged(HEAD + text)


def slipped(text: str, *edits: str) -> str:
    """Return a text in which behind some lines their wrong versions stand, in turns."""
    for right, wrong in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(f" {right}\n") == 1
        text = text.replace(f" {right}\n", f" {right}  #! {wrong}\n")
    return text


def assert_judged(text: str) -> None:
    """The right version is right; in the other the wrong line is named, and no other one."""
    right = program(WRONG.sub(r"\1\2", text))
    assert right.verdict.right
    assert (right.first_wrong, right.follows) == (set(), set())
    wrong = program(WRONG.sub(r"\1\3", text))
    assert not wrong.verdict.right
    lines = (HEAD + text).splitlines()
    assert wrong.first_wrong == {n for n, row in enumerate(lines, 1) if "#!" in row}


def blamed(wrong: str, text: str) -> str:
    """Return the one line of a text that is blamed in its wrong version."""
    found = program(wrong)
    blame_origins(found.verdict.lines, found.view)
    (line,) = found.first_wrong
    return (HEAD + text).splitlines()[line - 1].strip()


def assert_blamed(text: str) -> None:
    """The right version is right; in the other one the wrong line is blamed."""
    assert program(WRONG.sub(r"\1\2", text)).verdict.right
    assert "#!" in blamed(WRONG.sub(r"\1\3", text), text)
