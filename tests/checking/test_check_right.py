"""Correct code in any form passes: no false accusation."""

from __future__ import annotations

from pathlib import Path

import pytest

from .right_code import RIGHT
from .right_code_more import MORE_RIGHT
from .support import checked

EVERY = RIGHT | MORE_RIGHT


def test_there_are_thirty_and_more() -> None:
    assert len(EVERY) >= 30


@pytest.mark.parametrize("name", EVERY)
def test_correct_code_passes(name: str, tmp_path: Path) -> None:
    preset, source = EVERY[name]
    done, text = checked(tmp_path, source, preset)
    assert done.outcome == "right", text
    for each in done.functions:
        diagnosis = each.examined.diagnosis
        assert diagnosis is not None
        verdicts = {finding.verdict for finding in diagnosis.findings}
        assert verdicts <= {"right", "convention", "not given"}
        assert any(finding.verdict == "right" for finding in diagnosis.findings)
