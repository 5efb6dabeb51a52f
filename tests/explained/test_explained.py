"""What ``bptui explain`` prints, against files: every difference is seen, and intended or mended.

``python -m tests.explained`` writes the files again.
"""

import math
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from bptui.core.experiment import Experiment
from bptui.core.timeline import Timeline
from bptui.export.formats import written
from bptui.export.worksheet import worksheet

from .drawn import kept

FOLDER = Path(__file__).parent / "files"
STEP = 2
NUMBER = re.compile(r"\d+\.\d+(?:e[+-]?\d+)?|\d+")


def formats(place: int) -> tuple[str, ...]:
    """The formats that are kept of an experiment; of some all three, as they share formulas."""
    return ("text", "latex", "markdown")[: 1 + (place % 2 == 0) + (place % 6 == 0)]


def explained(place: int, experiment: Experiment) -> Iterator[tuple[str, str]]:
    """All of step 2 in the formats that are kept."""
    sheet = worksheet(Timeline(experiment).snapshot(STEP), "all")
    for form in formats(place):
        yield form, "".join(f"{line}\n" for line in written(sheet, form, 100))


def parts(text: str) -> tuple[list[str], list[float]]:
    """The words, however they are spaced, and the numbers among them.

    The last digits of a number depend on the processor, and so may the columns of a table.
    """
    words = NUMBER.sub("#", text).split()
    return words, [float(each) for each in NUMBER.findall(text)]


@pytest.mark.parametrize(
    ("place", "experiment"), enumerate(kept()), ids=lambda each: getattr(each, "name", "")
)
def test_explanations_are_those_that_were_kept(place: int, experiment: Experiment) -> None:
    for form, text in explained(place, experiment):
        expected = (FOLDER / f"{experiment.name}.{form}").read_text(encoding="utf-8")
        (words, numbers), (old_words, old_numbers) = map(parts, (text, expected))
        for place, (new, old) in enumerate(zip_longest(words, old_words)):
            assert new == old, f"{form}: {' '.join(words[max(place - 12, 0) : place + 3])}"
        for new, old in zip(numbers, old_numbers, strict=True):
            assert math.isclose(new, old, rel_tol=2e-5, abs_tol=1e-9), (form, new, old)
