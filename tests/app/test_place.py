"""Places in time and where "go to" leads: pure functions, without a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.app.playback.history import Place
from bptui.app.screens.goto import DestinationError, described, destination
from bptui.core.errors import MOST_STEPS
from bptui.presets import load

from .support import drawn_experiment

ARTICLE, IRIS = load("article"), load("iris")
numbers = st.integers(0, MOST_STEPS)


@given(st.integers(1, 40), st.integers(0, 200))
def test_walking_there_and_back(operations: int, count: int) -> None:
    places = [Place(0)]
    for _ in range(count):
        places.append(places[-1].next(operations))
    assert places[1:] == [Place(*divmod(number, operations)) for number in range(count)]
    for before in reversed(places[:-1]):
        places.append(places[-1].previous(operations))
        assert places[-1] == before
    assert Place(0).previous(operations) == Place(0)


@given(st.integers(1, 40), st.integers(1, 200))
def test_from_a_whole_step_back_is_the_last_operation_before(operations: int, step: int) -> None:
    assert Place(step).previous(operations) == Place(step - 1, operations - 1)
    assert Place(step).next(operations) == Place(step, 0)


@given(st.integers(0, 5), st.none() | st.integers(0, 11), st.integers(-9, 9))
def test_steps_lead_to_whole_steps(step: int, position: int | None, by: int) -> None:
    assert Place(step, position).moved(by) == Place(max(step + by, 0), None)


@given(numbers, numbers)
def test_every_spelling_of_a_step(step: int, shown: int) -> None:
    spellings = [f"{step}", f" {step} ", f"{step:_}", f"{step:,}", f"{step:,}".replace(",", " ")]
    spellings += [f"{step}e0", f"{step}.0"]
    spellings.append(f"{step}".translate({48 + digit: 0xFF10 + digit for digit in range(10)}))
    for text in spellings:
        assert destination(text, shown, ARTICLE) == step


@given(numbers, st.integers(0, 10_000))
def test_relative_steps(shown: int, by: int) -> None:
    for sign, plus in ((1, "+"), (-1, "-"), (1, "\uff0b"), (-1, "\uff0d"), (-1, "\u2212")):
        if 0 <= shown + sign * by <= MOST_STEPS:
            assert destination(f"{plus}{by}", shown, ARTICLE) == shown + sign * by
        else:
            with pytest.raises(DestinationError):
                destination(f"{plus}{by}", shown, ARTICLE)


def test_the_end_and_epochs() -> None:
    assert destination("end", 3, ARTICLE) == ARTICLE.training.steps
    assert destination("END ", 3, IRIS) == IRIS.training.steps
    per_epoch = IRIS.schedule.batches_per_epoch
    assert per_epoch > 1
    for epoch in (0, 1, 12):
        step = destination(f"e{epoch}", 3, IRIS)
        assert step == epoch * per_epoch
        assert IRIS.schedule.epoch(step) == epoch
        assert IRIS.schedule.epoch(max(step - 1, 0)) == max(epoch - 1, 0)
    assert destination("\uff45\uff11\uff12", 3, IRIS) == 12 * per_epoch
    assert (
        described(144, drawn_experiment((2, 1), samples=24, batch_size=2)) == "step 144, epoch 12"
    )


@pytest.mark.parametrize(("text", "step"), [("1e6", 10**6), ("1.5e3", 1500), ("+1e3", 1007)])
def test_exponents(text: str, step: int) -> None:
    assert destination(text, 7, ARTICLE) == step


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "A step: 12"),
        ("-8", "There is no step -1; the first step is 0"),
        ("1000000001", "last possible step is 1,000,000,000"),
        ("e1000000001", "last possible step is 1,000,000,000"),
        ("1e99999", "last possible step is 1,000,000,000"),
        ("9" * 5000, "last possible step is 1,000,000,000"),
        ("1.5", "Not a whole number: 1.5"),
        ("1e-3", "Not a number"),
        ("+", "A number is missing"),
        ("e", "A number is missing"),
        ("end of it", "Not a number"),
        ("1,5", "Not a number"),
        ("1,000_000", "Not a number"),
        ("nan", "Not a number"),
        ("+-3", "Not a number"),
        ("0x10", "Not a number"),
    ],
)
def test_texts_that_lead_nowhere(text: str, says: str) -> None:
    with pytest.raises(DestinationError, match=says):
        destination(text, 7, ARTICLE)


@given(st.text(max_size=30))
def test_any_text_leads_to_a_step_or_says_why_not(text: str) -> None:
    try:
        step = destination(text, 7, ARTICLE)
    except DestinationError:
        return
    assert 0 <= step <= MOST_STEPS
