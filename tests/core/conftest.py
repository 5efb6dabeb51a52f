"""What the tests of the core share."""

from __future__ import annotations

import pytest

from .long_runs import keep_little


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest 32 losses at most are kept."""
    keep_little(monkeypatch)
