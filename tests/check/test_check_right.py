"""Correct code in any form passes: no false accusation."""

from pathlib import Path

import pytest

from .right_code import RIGHT, WITHIN
from .support import checked, outcome_of


@pytest.mark.parametrize("name", [name for name in RIGHT if name not in WITHIN])
def test_correct_code_passes(name: str, tmp_path: Path) -> None:
    preset, source = RIGHT[name]
    done, text = checked(tmp_path, source, preset)
    assert outcome_of(done) == "right", text
    for one in done.functions:
        verdicts = {finding.verdict for finding in one.findings}
        assert "right" in verdicts <= {"right", "convention", "not given"}
