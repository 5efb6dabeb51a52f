"""Some hostile inputs of every kind; ``python -m tests.fuzzing --inputs 100000`` tries more."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .judging import KINDS, Judge


@pytest.mark.parametrize("kind", KINDS)
def test_no_input_does_more_than_be_refused(kind: str, tmp_path: Path) -> None:
    judge = Judge(tmp_path)

    # the inputs are made by a generator of their own, so that there is nothing to make smaller
    @given(st.randoms(use_true_random=True))
    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def try_one(random: Random) -> None:
        KINDS[kind](judge, random)

    try_one()
