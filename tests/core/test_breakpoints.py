"""Breakpoints: their text form, and hits found forwards, backwards and by looking at every step."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.core.breakpoints import Breakpoint, BreakpointError, locate, parse
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.core.search import BackwardSearch, ForwardSearch, Hit
from bptui.core.snapshot import Snapshot
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.core.training import Engine

from .support import assert_same_bits, build, experiment

STEPS = 150
ARTICLE = Network((2, 2, 2), ("sigmoid",) * 2, bias=False)
BIASED = Network((3, 4, 2), ("tanh",) * 2)
DEEP = Network((2, 3, 4, 1), ("tanh",) * 3)
SHALLOW = Network((3, 2), ("tanh",))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("loss<0.01", "loss < 0.01"),
        ("  Loss  >1 ", "loss > 1"),
        ("loss > -2", "loss > -2"),
        ("loss rising", "loss rising"),
        ("w5 > 2", "|w5| > 2"),
        ("| w5 |>2.0", "|w5| > 2"),
        ("|gw8| > .1", "|gw8| > 0.1"),
        ("norm < 0.000001", "norm < 1e-06"),
        ("norm>1e2", "norm > 100"),
        ("every 100", "every 100"),
        ("every 1_000 steps", "every 1000"),
        ("every 1 step", "every 1"),
        ("\uff4c\uff4f\uff53\uff53\uff1c\uff10.\uff11", "loss < 0.1"),  # an input method's
        ("loss > 0.1234567890123", "loss > 0.1234567890123"),
    ],
)
def test_texts_and_their_one_spelling(text: str, printed: str) -> None:
    made = parse(text, ARTICLE)
    assert str(made) == printed
    assert parse(printed, ARTICLE) == made


@pytest.mark.parametrize(
    ("text", "network", "says"),
    [
        ("", ARTICLE, "write a quantity"),
        ("loss", ARTICLE, "write a quantity"),
        ("loss = 1", ARTICLE, "write a quantity"),
        ("loss < a", ARTICLE, "not a number: a"),
        ("loss < nan", ARTICLE, "not a number: nan"),
        ("loss < 1e999", ARTICLE, "not a number: 1e999"),
        ("|loss| < 1", ARTICLE, "without bars"),
        ("|w5 > 1", ARTICLE, "bars on both sides"),
        ("w5 < 1", ARTICLE, "for rising only"),
        ("w5 > -1", ARTICLE, "never below 0"),
        ("norm > -1", ARTICLE, "never below 0"),
        ("w9 > 1", ARTICLE, "weights are w1 to w8"),
        ("gw9 > 1", ARTICLE, "weights are w1 to w8"),
        ("w0 > 1", ARTICLE, "there is no w0"),
        ("b_h1 > 1", ARTICLE, "there is no b_h1"),
        ("b_h5 > 1", BIASED, "there is no b_h5"),
        ("b_o3 > 1", BIASED, "biases such as b_o2"),
        ("b_h1.1 > 1", BIASED, "there is no b_h1.1"),
        ("b_h1 > 1", DEEP, "there is no b_h1"),
        ("b_h3.1 > 1", DEEP, "there is no b_h3.1"),
        ("b_h1 > 1", SHALLOW, "there is no b_h1"),
        ("momentum > 1", ARTICLE, "there is no momentum"),
        ("every", ARTICLE, "whole number"),
        ("every 0", ARTICLE, "whole number"),
        ("every 1.5", ARTICLE, "whole number"),
        ("every -3", ARTICLE, "whole number"),
    ],
)
def test_texts_that_say_none(text: str, network: Network, says: str) -> None:
    with pytest.raises(BreakpointError, match=says):
        parse(text, network)


@given(st.text(max_size=20) | st.text("loswnrmgbhievy_|<> .0123456789e-", max_size=12))
def test_any_text_is_one_or_is_refused(text: str) -> None:
    with suppress(BreakpointError):
        made = parse(text, BIASED)
        assert parse(str(made), BIASED) == made


@pytest.mark.parametrize("network", [ARTICLE, BIASED, DEEP, SHALLOW])
def test_names_are_those_on_the_screen(network: Network) -> None:
    layout, names, flat = Layout(network), network.names, np.arange(network.parameter_count * 1.0)
    for layer in range(1, network.depth + 1):
        weights = layout.weights(flat, layer)
        for source, unit in np.ndindex(weights.shape):
            name = names.weight(layer, source, unit)
            assert locate(name, network) == (False, weights[source, unit])
            assert locate(f"g{name}", network) == (True, weights[source, unit])
        for unit, place in enumerate(layout.biases(flat, layer).tolist()):
            name = f"b_{names.unit(layer, unit)}"
            assert locate(name, network) == (False, place)
            assert locate(f"g{name}", network) == (True, place)


def quantity(shown: Snapshot, name: str) -> float:
    """The value that ``name`` has in a snapshot, taken from its matrices."""
    if name == "loss":
        return shown.loss
    parts = [*shown.gradients.weights, *(shown.gradients.biases or ())]
    if name == "norm":
        return float(np.sqrt(sum(float((part**2).sum()) for part in parts)))
    gradient, place = locate(name, shown.experiment.network)
    group = shown.gradients if gradient else shown.parameters
    return float(Layout(shown.experiment.network).flatten(group)[place])


def brute_force(shown: list[Snapshot], breakpoints: list[Breakpoint]) -> list[Hit]:
    found = []
    for step in range(1, len(shown)):
        stops = []
        for each in breakpoints:
            if each.relation == "every":
                stop = step % each.value == 0
            else:
                before, now = (quantity(shown[k], each.quantity) for k in (step - 1, step))
                if each.relation == "rising":
                    stop = now > before
                elif each.relation == "<":
                    stop = now < each.value and not before < each.value
                else:
                    sizes = (abs(before), abs(now)) if each.is_component else (before, now)
                    stop = sizes[1] > each.value and not sizes[0] > each.value
            if stop:
                stops.append(each)
        if stops:
            found.append(Hit(step, tuple(stops)))
    return found


KINDS = ["loss <", "loss >", "loss rising", "norm <", "norm >", "w", "gw", "b", "gb", "every"]


def case(rng: np.random.Generator) -> tuple[Experiment, list[Snapshot], list[Breakpoint]]:
    """An experiment that wanders about, its snapshots, and breakpoints that it is near to."""
    layers = [(2, 2), (2, 3, 2), (2, 2, 2, 1)][rng.integers(3)]
    mistakes: list[tuple[str, ...]] = [(), ("updated-weights",), ("gradient-accumulated",)]
    settings: dict[str, Any] = {
        "optimizer": ["sgd", "momentum", "adam"][rng.integers(3)],
        "batch_size": [None, 2, 3][rng.integers(3)],
        "learning_rate": [0.1, 2.0][rng.integers(2)],
        "l2": [0.0, 0.01][rng.integers(2)],
        "mistakes": mistakes[rng.integers(3)] if len(layers) > 2 else (),
        "shuffle": bool(rng.integers(2)),
    }
    made = experiment(layers, "sigmoid", seed=int(rng.integers(100)), **settings)
    timeline = Timeline(made)
    shown = [timeline.snapshot(step) for step in range(STEPS)]
    return made, shown, [drawn(rng, made.network, shown) for _ in range(rng.integers(1, 4))]


def drawn(rng: np.random.Generator, network: Network, shown: list[Snapshot]) -> Breakpoint:
    kind = KINDS[rng.integers(len(KINDS))]
    if kind == "every":
        return Breakpoint("step", "every", float(rng.choice([1, 7, 50])))
    if kind == "loss rising":
        return Breakpoint("loss", "rising")
    name, _, sign = kind.partition(" ")
    if not sign:
        bias = f"b_{network.names.unit(network.depth, 0)}"
        weight = f"w{rng.integers(1, network.weight_count + 1)}"
        name = name[:-1] + (bias if name.endswith("b") else weight)
    values = sorted({abs(quantity(each, name)) for each in shown})
    at = rng.integers(len(values))
    limit = (values[at] + values[min(at + 1, len(values) - 1)]) / 2
    return Breakpoint(name, "<" if sign == "<" else ">", limit)


def found_forwards(
    rng: np.random.Generator, timeline: Timeline, case: list[Breakpoint], shown: list[Snapshot]
) -> list[Hit]:
    """The hits of a run to the last step, which looks at the screen now and then."""
    position, found, last = 0, list[Hit](), STEPS - 1
    seconds = [None, 1e-9, 1e-3][rng.integers(3)]
    while position < last:
        search, start = ForwardSearch(timeline, case, timeline.snapshot(position)), position
        while search.hit is None and position < last:
            due = min(position + int(rng.integers(1, 70)), last)
            told = search.advance(due, seconds)
            assert told <= due
            position = max(told, start)
            if position > start and (rng.integers(4) == 0 or position == last):
                assert_same_bits(search.snapshot(position), shown[position])
        if search.hit is not None:
            assert position == search.hit.step
            found.append(search.hit)
    return found


def found_backwards(
    rng: np.random.Generator, timeline: Timeline, case: list[Breakpoint], shown: list[Snapshot]
) -> list[Hit]:
    """The hits before the last step of a run from there to step 0, in that order."""
    position, found = STEPS - 1, list[Hit]()
    seconds = [None, 1e-9, 1e-3][rng.integers(3)]
    while position > 0:
        search = BackwardSearch(timeline, case, timeline.snapshot(position))
        while position > 0 and (search.hit is None or position != search.hit.step):
            due = max(position - int(rng.integers(1, 70)), 0)
            told = search.advance(due, seconds)
            assert told >= due
            if told < position and rng.integers(4) == 0:
                assert_same_bits(search.snapshot(told), shown[told])
            position = min(told, position)
        if search.hit is not None and position == search.hit.step:
            found.append(search.hit)
    return found


@pytest.mark.parametrize("seed", range(14))
def test_hits_forwards_backwards_and_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made, shown, breakpoints = case(rng)
    expected = brute_force(shown, breakpoints)
    timeline = Timeline(made)
    if rng.integers(2):
        timeline.snapshot(STEPS - 1)
    assert found_forwards(rng, timeline, breakpoints, shown) == expected
    before = [hit for hit in expected if hit.step < STEPS - 1]
    assert found_backwards(rng, timeline, breakpoints, shown)[::-1] == before


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("seed", range(100, 110))
def test_hits_where_most_losses_are_to_be_played_again(seed: int) -> None:
    test_hits_forwards_backwards_and_by_brute_force(seed)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("text", ["loss < 0.1", "loss > 0.1"])
def test_what_cannot_be_a_hit_is_not_played_again(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of the whole run falls, and is below 0.1 from some step early in it."""
    made = experiment((2, 3, 2), "sigmoid", optimizer="sgd", learning_rate=2.0)
    timeline, played, advance = Timeline(made), [0], Engine.advance
    shown = [timeline.snapshot(step) for step in range(3000)]
    breakpoints = [parse(text, made.network)]
    expected = brute_force(shown, breakpoints)

    def counting(engine: Engine, losses: np.ndarray) -> None:
        played[0] += len(losses)
        advance(engine, losses)

    monkeypatch.setattr(Engine, "advance", counting)
    search = BackwardSearch(timeline, breakpoints, shown[-1])
    assert search.advance(0) == (expected[-1].step if expected else 0)
    assert ([search.hit] if search.hit else []) == expected[-1:]
    assert played[0] <= 64 + 12, played


@pytest.mark.parametrize("text", ["loss > 1e300", "loss rising", "norm > 1e100", "|w1| > 1e150"])
def test_hits_on_the_way_to_numbers_that_are_not_finite(text: str) -> None:
    start: list[Any] = [[[1.0]]], [[0.0]], ("identity",), [[1.0]], [[0.5]]
    made = build(*start, loss="squared_error", learning_rate=1000.0)
    made_breakpoint = parse(text, made.network)
    timeline = Timeline(made)
    shown = [timeline.snapshot(step) for step in range(STEPS)]
    assert not np.isfinite(shown[-1].parameters.weights[0]).any()
    rng, breakpoints = np.random.default_rng(0), [made_breakpoint]
    with np.errstate(all="ignore"):
        expected = brute_force(shown, breakpoints)
    assert expected
    assert found_forwards(rng, Timeline(made), breakpoints, shown) == expected
    assert found_backwards(rng, timeline, breakpoints, shown)[::-1] == expected


@pytest.mark.parametrize("texts", [["loss < 1e-9"], ["norm < 1e-9", "|gw1| > 99", "|w1| > 99"]])
def test_watching_changes_no_bits_and_no_history(texts: list[str]) -> None:
    made = experiment((2, 3, 2), "sigmoid", optimizer="sgd", batch_size=2, shuffle=True)
    watched, plain = Timeline(made), Timeline(made)
    breakpoints = [parse(text, made.network) for text in texts]
    search = ForwardSearch(watched, breakpoints, watched.snapshot(0))
    assert search.advance(1000) == 1000
    assert_same_bits(watched.snapshot(1000), plain.snapshot(1000))
    assert np.array_equal(watched.losses.values(0, 1001), plain.losses.values(0, 1001))
    assert search.hit is None
