"""Code that is only slow, or that no tape can be made of: its numbers are judged."""

from pathlib import Path

import pytest

from .right_code import RIGHT
from .support import checked, outcome_of

SOURCE = RIGHT["matrices, mean over the batch"][1]


def slow_from(call: int) -> str:
    """Right code that sleeps from that call on."""
    waits = f"calls.append(1)\n    if len(calls) >= {call}:\n        time.sleep(60)"
    head = f"import time\ncalls = []\ndef gradients(x, t, weights):\n    {waits}"
    return SOURCE.replace("def gradients(x, t, weights):", head)


def test_what_comes_back_in_time_is_judged(tmp_path: Path) -> None:
    done, text = checked(tmp_path, slow_from(2), "article", 1.5)
    assert outcome_of(done) == "failed"
    assert "too slow for its time limit (1.5 s ran out after 1 calls" in text
    done, text = checked(tmp_path, slow_from(4), "article", 1.5)
    assert outcome_of(done) == "right"


def test_where_the_tape_gets_too_long_the_numbers_are_judged_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bptui.check.running.runner.ENTRIES", 2_000)
    monkeypatch.setattr("bptui.check.functions.calls.LONG", 1_000)
    long = "    for _ in range(1_500):\n        x[0, 0] * 2.0\n"
    source = SOURCE.replace("weights):\n", f"weights):\n{long}").replace("/ len", "/ -len")
    done, text = checked(tmp_path, source)
    assert "wrong-sign" in text
    assert not done.functions[0].traced.lines


COMPILER = """\
def compiled(function):
    def call(*arguments):
        if any(name.startswith("__bp") for name in function.__globals__):
            raise TypeError("it is too strange")
        return function(*arguments)
    return call
"""


def test_code_that_cannot_be_rewritten_is_judged_by_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "compiling.py").write_text(COMPILER)
    head = "from compiling import compiled\n@compiled\ndef gradients"
    done, text = checked(tmp_path, SOURCE.replace("def gradients", head))
    assert outcome_of(done) == "right", text
