"""What undo keeps: as many changes as are allowed, within its memory."""

from __future__ import annotations

import pytest

from bptui.app.playback import history as module
from bptui.app.playback.history import MOST_CHANGES, Branch, Place, UndoHistory
from bptui.core.edits import Number, edited
from bptui.core.timeline import Timeline

from .support import drawn_experiment


def changed(times: int, samples: int) -> UndoHistory:
    """UndoHistory after so many edits of an input."""
    timeline = Timeline(drawn_experiment((3, 2, 1), samples=samples))
    history = UndoHistory(Branch(timeline))
    for index in range(times):
        shown = timeline.snapshot(1)
        timeline = edited(timeline, shown, Number("input", (0, 0)), 0.01 * index)
        history.change(Branch(timeline, fork=True))
        history.share_memory()
    return history


def undone(history: UndoHistory) -> int:
    """How often one can go back."""
    count = 0
    while history.undo(Place(1)) is not None:
        count += 1
    return count


def test_no_more_than_so_many_changes() -> None:
    assert undone(changed(MOST_CHANGES + 5, 3)) == MOST_CHANGES


def test_no_more_memory_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = 1000
    monkeypatch.setattr(module, "MOST_BYTES", 10 * 8 * 4 * samples)
    assert 8 <= undone(changed(30, samples)) <= 10


def test_the_last_change_can_be_undone_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 0)
    assert undone(changed(3, 10)) == 1
