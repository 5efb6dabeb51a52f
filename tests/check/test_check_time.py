"""Code that is only slow: whenever its time is over, its numbers are not called wrong."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bptui.check import check as checks
from bptui.check.driver import Traced
from bptui.check.runner import Answer, UserCode
from bptui.check.values import Value

from .right_code import RIGHT
from .support import checked

OF_ONE = RIGHT["outer products of vectors"][1].replace(
    "h = sig", "x, t = x.ravel()[: len(weights[0])], t.ravel()[: weights[1].shape[1]]\n    h = sig"
)
"""Runs on several samples, too, where it takes the first one alone."""
RANDOM = RIGHT["matrices, mean over the batch"][1].replace("/ len(x)", "* np.random.rand()")


@pytest.mark.parametrize(
    ("source", "preset", "verdict"),
    [
        (OF_ONE, "article", "right for one sample at a time"),
        (RANDOM, "article", "different numbers every time"),
    ],
)
def test_whenever_the_time_is_over(
    source: str, preset: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, most = 0, 0

    class Slow(UserCode):
        """Its time is over after so many calls, which take none in the test."""

        def call(self, function: str, arguments: Sequence[Value]) -> Answer:
            nonlocal calls
            calls += 1
            if calls > most:
                self.elapsed = self.limit
            return super().call(function, arguments)

    monkeypatch.setattr(checks, "UserCode", Slow)
    monkeypatch.setattr(checks, "traced", lambda *_: Traced())  # which has a limit of its own
    verdicts: set[str] = set()
    while calls >= most:  # until all of its calls come back
        calls, most = 0, 2 * most + 1
        _, text = checked(tmp_path, source, preset)
        found = text.rpartition(": ")[2]
        if found.startswith("too slow for its time limit"):
            assert "ran out after" in text
            assert "shape" not in text
        else:
            assert found.startswith("right" if verdict.startswith("right") else verdict), text
        verdicts.add(found)
    assert len(verdicts) > 1
    assert found.startswith(verdict)
