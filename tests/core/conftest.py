"""What the tests of the core share."""

from __future__ import annotations

import pytest

from .long_runs import keep_little


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the losses at most 16 spans are kept."""
    keep_little(monkeypatch)
