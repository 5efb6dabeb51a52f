"""Frames wait for a terminal that answers, and for no other."""

import asyncio
import threading

import pytest

from bptui.terminal import writer
from bptui.terminal.writer import AHEAD, QUESTION, FlowControl


async def test_a_terminal_that_answers_is_never_more_than_a_few_frames_behind() -> None:
    pace = FlowControl()
    assert pace.question() == QUESTION
    assert pace.question() == ""  # nobody knows yet whether it answers
    assert pace.ready
    pace.answered()
    for _ in range(AHEAD):
        assert pace.ready
        assert pace.question() == QUESTION
    assert not pace.ready
    await asyncio.to_thread(pace.answered)
    assert pace.ready


@pytest.mark.parametrize("answers", [False, True])
def test_no_answer_holds_nothing_up_for_ever(
    answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LONGEST", -1.0)
    pace = FlowControl()
    pace.question()
    if answers:
        pace.answered()
        assert pace.question() == pace.question() == QUESTION
    assert pace.ready
    # one that answered once may do so again, but nothing waits for that
    assert pace.question() == (QUESTION if answers else "")


def test_the_end_waits_for_answers_under_way() -> None:
    pace = FlowControl()
    pace.question()
    answer = threading.Timer(0.0, pace.answered)
    answer.start()
    pace.settle()  # returns with the answer, long before patience ends
    answer.join()
    assert pace.question() == ""
