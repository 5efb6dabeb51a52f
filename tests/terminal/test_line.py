"""What a terminal sends comes in one piece, and frames wait for one that answers."""

import asyncio
import threading
from collections.abc import Iterable

import pytest
from textual.events import Key, Paste

from bptui.terminal import line
from bptui.terminal.line import AHEAD, BEGIN, END, QUESTION, FlowControl, Incoming, Part


def told(parts: Iterable[Part]) -> list[str | tuple[str]]:
    """What is for the parser, joined, and pasted texts as tuples."""
    found: list[str | tuple[str]] = []
    for part in parts:
        if isinstance(part, Paste):
            found.append((part.text,))
            continue
        part = f"<{part.key}>" if isinstance(part, Key) else part
        if found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_bracketed_text_in_pieces_of_any_size(size: int) -> None:
    incoming, sent = Incoming(), f"\x1bs{BEGIN}a[b\x1b[31m\x1b[1;1Rä\tc\r{END}\x1b[Aq\x1b"
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    parts = [part for piece in pieces for part in incoming.feed(piece)]
    assert told([*parts, *incoming.settle()]) == [
        "<escape>s\x1b[1;1R",  # a report in the midst of it goes where it should
        ("a[b[31mä\tc\r",),
        "\x1b[Aq\x1b",
    ]


def test_escape_is_held_for_a_moment_only() -> None:
    incoming = Incoming()
    assert told(incoming.feed("g\x1b")) == ["g"]
    assert incoming.wait < 0.05
    assert told(incoming.settle()) == ["\x1b"]
    assert told(incoming.settle()) == []


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
    monkeypatch.setattr(line, "LONGEST", -1.0)
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
