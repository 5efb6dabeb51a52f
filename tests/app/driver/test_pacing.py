"""Frames wait for a terminal that answers, and for no other."""

from __future__ import annotations

import asyncio

import pytest

from bptui.app.driver import pacing
from bptui.app.driver.pacing import AHEAD, QUESTION, Pacing


async def test_a_terminal_that_answers_is_never_more_than_a_few_frames_behind() -> None:
    went_on = asyncio.Event()
    pace = Pacing(went_on.set)
    assert pace.question() == QUESTION
    assert pace.question() == ""  # nobody knows yet whether it answers
    assert pace.ready
    pace.answered()
    await went_on.wait()
    for _ in range(AHEAD):
        assert pace.ready
        assert pace.question() == QUESTION
    assert not pace.ready
    await asyncio.to_thread(pace.answered)
    assert pace.ready
    pace.stop()


async def test_one_that_does_not_answer_is_not_waited_for_and_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pacing, "PATIENCE", 0.01)
    went_on = asyncio.Event()
    pace = Pacing(went_on.set)
    assert pace.question() == QUESTION
    await went_on.wait()
    assert pace.ready
    assert pace.question() == ""
    pace.stop()


async def test_a_lost_answer_holds_nothing_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "PATIENCE", 0.01)
    went_on = asyncio.Event()
    pace = Pacing(went_on.set)
    pace.question()
    pace.answered()
    await went_on.wait()
    went_on.clear()
    for _ in range(AHEAD):
        pace.question()
    assert not pace.ready
    await went_on.wait()
    assert pace.ready
    assert pace.question() == QUESTION
    pace.stop()
