"""Some hostile inputs of every kind; ``python -m tests.fuzzing --inputs 100000`` tries more."""

import os
from pathlib import Path
from random import Random

import pytest

from .judging import KINDS, Judge

FIRST = 0 if "CI" in os.environ else Random().randrange(10**9)
"""Others in every run, but where a run decides about other people's work."""


@pytest.mark.parametrize("kind", KINDS)
def test_no_input_does_more_than_be_refused(kind: str, tmp_path: Path) -> None:
    judge = Judge(tmp_path)
    for seed in range(FIRST, FIRST + 25):
        KINDS[kind](judge, Random(f"{kind} {seed}"))
