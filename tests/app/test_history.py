"""Places in time, where "go to" leads, and what undo keeps: without a screen."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.app.playback import history as module
from bptui.app.playback.history import MOST_CHANGES, Branch, Place, UndoHistory
from bptui.app.screens.questions import Goals
from bptui.core.edits import Number
from bptui.core.errors import MOST_STEPS
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.number_parsing import EntryError

from .support import drawn_experiment

ARTICLE, IRIS = load("article"), load("iris")
numbers = st.integers(0, MOST_STEPS)


@given(numbers, numbers, st.integers(0, 10_000))
def test_every_spelling_of_a_step(step: int, shown: int, by: int) -> None:
    spellings = [f"{step}", f" {step} ", f"{step:_}", f"{step:,}", f"{step:,}".replace(",", " ")]
    spellings += [f"{step}e0", f"{step}.0"]
    spellings.append(f"{step}".translate({48 + digit: 0xFF10 + digit for digit in range(10)}))
    goals = Goals.of(ARTICLE)
    for text in spellings:
        assert goals.reached(text, shown) == step
    for sign, plus in ((1, "+"), (-1, "-"), (1, "\uff0b"), (-1, "\uff0d"), (-1, "\u2212")):
        if 0 <= shown + sign * by <= MOST_STEPS:
            assert goals.reached(f"{plus}{by}", shown) == shown + sign * by
        else:
            with pytest.raises(EntryError):
                goals.reached(f"{plus}{by}", shown)


def test_the_end_epochs_and_exponents() -> None:
    assert Goals.of(ARTICLE).reached("end", 3) == ARTICLE.training.steps
    assert Goals.of(IRIS).reached("END ", 3) == IRIS.training.steps
    per_epoch = IRIS.schedule.batches_per_epoch
    assert per_epoch > 1
    for epoch in (0, 1, 12):
        step = Goals.of(IRIS).reached(f"e{epoch}", 3)
        assert step == epoch * per_epoch
        assert IRIS.schedule.epoch(step) == epoch
        assert IRIS.schedule.epoch(max(step - 1, 0)) == max(epoch - 1, 0)
    assert Goals.of(IRIS).reached("\uff45\uff11\uff12", 3) == 12 * per_epoch
    for text, step in (("1e6", 10**6), ("1.5e3", 1500), ("+1e3", 1007)):
        assert Goals.of(ARTICLE).reached(text, 7) == step


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a step: 12"),
        ("-8", "there are steps 0 to 1,000,000,000"),
        ("e1000000001", "there are steps 0 to 1,000,000,000"),
        ("9" * 5000, "too large"),
        ("1.5", "not a whole number: '1.5'"),
        ("+", "a number is missing"),
        ("end of it", "not a number"),
        ("1,5", "write 1.5 with a point"),
    ],
)
def test_texts_that_lead_nowhere(text: str, says: str) -> None:
    with pytest.raises(EntryError, match=says):
        Goals.of(ARTICLE).reached(text, 7)


@given(st.text(max_size=30))
def test_any_text_leads_to_a_step_or_says_why_not(text: str) -> None:
    with suppress(EntryError):
        assert 0 <= Goals.of(ARTICLE).reached(text, 7) <= MOST_STEPS


@pytest.mark.parametrize(
    ("changes", "samples", "bytes_kept", "least", "most"),
    [
        (MOST_CHANGES + 5, 3, module.MOST_BYTES, MOST_CHANGES, MOST_CHANGES),
        (30, 1000, 10 * 8 * 4 * 1000, 8, 10),
        (3, 10, 0, 1, 1),  # the last change, however large
    ],
)
def test_as_many_changes_can_be_undone_as_memory_allows(
    changes: int,
    samples: int,
    bytes_kept: int,
    least: int,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", bytes_kept)
    timeline, count = Timeline(drawn_experiment((3, 2, 1), samples=samples)), 0
    history = UndoHistory(Branch(timeline))
    for index in range(changes):
        number = Number("input", (0, 0))
        timeline = timeline.edited(timeline.snapshot(1), number, 0.01 * index)
        history.change(Branch(timeline, fork=True))
        history.share_memory()
    while history.undo(Place(1)) is not None:
        count += 1
    assert least <= count <= most
