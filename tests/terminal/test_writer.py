"""Frames wait for a terminal that answers, and for no other."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bptui.terminal import writer
from bptui.terminal.writer import AHEAD, QUESTION, FlowControl


async def test_a_terminal_that_answers_is_never_more_than_a_few_frames_behind() -> None:
    went_on = asyncio.Event()
    pace = FlowControl(went_on.set)
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
    monkeypatch.setattr(writer, "PATIENCE", 0.01)
    went_on = asyncio.Event()
    pace = FlowControl(went_on.set)
    assert pace.question() == QUESTION
    await went_on.wait()
    assert pace.ready
    assert pace.question() == ""
    pace.stop()


async def test_a_lost_answer_holds_nothing_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.01)
    went_on = asyncio.Event()
    pace = FlowControl(went_on.set)
    pace.question()
    pace.answered()
    await went_on.wait()
    went_on.clear()
    for _ in range(AHEAD):
        pace.question()
    assert not pace.ready
    await went_on.wait()
    assert pace.ready
    assert pace.question() == QUESTION  # it may answer again, but nothing waits for that
    assert pace.ready
    pace.stop()
    assert pace.question() == ""


async def test_the_end_waits_for_answers_under_way() -> None:
    pace = FlowControl(lambda: None)
    pace.question()
    answer = threading.Timer(0.0, pace.answered)
    answer.start()
    pace.settle()  # returns with the answer, long before patience ends
    answer.join()
    assert pace.question() == ""
