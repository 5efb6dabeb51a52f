"""Breakpoints: their text form, and hits found forwards, backwards and by looking at every step."""

import operator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.app.playback.breakpoints import Breakpoint, locate, parse
from bptui.app.playback.search import ENDLESS, Hit, Search
from bptui.core.engine import Snapshot
from bptui.core.experiment import Experiment
from bptui.core.network import Network
from bptui.core.state import Layout
from bptui.core.timeline import Timeline
from bptui.presets.number_parsing import EntryError

from .support import arrays, assert_same_bits, build, experiment, keep_little

STEPS = 150
ARTICLE = Network((2, 2, 2), ("sigmoid",) * 2, bias=False)
BIASED = Network((3, 4, 2), ("tanh",) * 2)
DEEP = Network((2, 3, 4, 1), ("tanh",) * 3)
SHALLOW = Network((3, 2), ("tanh",))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("loss<0.01", "loss < 0.01"),
        ("loss > -2", "loss > -2"),
        ("loss rising", "loss rising"),
        ("GW5<0", "gw5 < 0"),
        ("dL/dw5 < 0", "dL/dw5 < 0"),
        ("delta_o1 == 0", "delta_o1 = 0"),
        ("out_o1 \N{LESS-THAN OR EQUAL TO} 0.9", "out_o1 <= 0.9"),
        ("dL/dout_h2 rising", "dL/dout_h2 rising"),
        ("W2[0][1] > 1", "W2[0][1] > 1"),
        ("w2[0, 1] > 1", "W2[0][1] > 1"),
        ("t2 > 0", "t2 > 0"),
        ("L < 1", "loss < 1"),
        ("penalty > 0.1", "penalty > 0.1"),
        ("norm rising", "norm rising"),
        ("step = 500", "step = 500"),
        ("every 1000 steps", "every 1000"),
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
        ("loss < nan", ARTICLE, "not a number: 'nan'"),
        ("|w5 > 1", ARTICLE, "write a quantity"),
        ("step < 5", ARTICLE, "only grows"),
        ("gW1 > 1", ARTICLE, r"no number gW1 here; available: .* gw1, W1\[0\]\[0\]"),
        ("b1 > 1", BIASED, "no number b1 here; .*b_o1, gb_o1"),
        ("h1 > 1", ARTICLE, "no number h1 here; .* net_o1, out_o1, delta_o1, dL/dout_o1"),
        ("W2[0][2] > 1", ARTICLE, r"no number W2\[0\]\[2\]"),
        ("net_h3 > 1", ARTICLE, "no number net_h3 here; available: loss, norm, step, w1 to w8"),
        ("m_W1[0][0] > 1", ARTICLE, "no number m_W1"),
        ("b_h1 > 1", ARTICLE, "no number b_h1"),
        ("b_o3 > 1", BIASED, "no number b_o3 here; .*b_o1, gb_o1"),
        ("every 0", ARTICLE, "whole number"),
        ("every two", ARTICLE, "not a number"),
    ],
)
def test_texts_that_say_none(text: str, network: Network, says: str) -> None:
    with pytest.raises(EntryError, match=says):
        parse(text, network)


@given(st.text(max_size=20) | st.text("loswnrmgbhievytupd_/|<=>[] .0123456789e-WL", max_size=14))
def test_any_text_is_one_or_is_refused(text: str) -> None:
    with suppress(EntryError):
        made = parse(text, BIASED)
        assert parse(str(made), BIASED) == made


@pytest.mark.parametrize("network", [ARTICLE, BIASED, DEEP, SHALLOW])
def test_names_are_those_on_the_screen(network: Network) -> None:
    layout, names, flat = Layout(network), network.names, np.arange(network.parameter_count * 1.0)
    for layer in range(1, network.depth + 1):
        weights = layout.part(flat, f"W{layer}")
        for source, unit in np.ndindex(weights.shape):
            name, at = names.weight(layer, source, unit), (source, unit)
            assert locate(name, network) == (f"W{layer}", at)
            assert locate(f"g{name}", network) == locate(f"dL/d{name}", network)
            assert locate(f"g{name}", network) == (f"gW{layer}", at)
            assert locate(f"W{layer}[{source}][{unit}]", network) == (f"W{layer}", at)
        for unit in range(network.layers[layer] * network.bias):
            name = names.unit(layer, unit)
            assert locate(f"b_{name}", network) == (f"b{layer}", (unit,))
            assert locate(f"gb_{name}", network) == (f"gb{layer}", (unit,))
        for unit in range(network.layers[layer]):
            name = names.unit(layer, unit)
            assert locate(f"net_{name}", network) == (names.net(layer), (0, unit))
            assert locate(f"out_{name}", network) == (names.out(layer), (0, unit))
            assert locate(f"delta_{name}", network) == (names.delta(layer), (0, unit))
            assert locate(f"dL/dout_{name}", network) == (names.out_gradient(layer), (0, unit))


def quantity(shown: Snapshot, name: str) -> float:
    """The value that ``name`` has in a snapshot, taken from its matrices."""
    if name == "loss":
        return shown.loss
    if name == "norm":
        return float(np.sqrt(sum(float((part**2).sum()) for part in arrays(shown.gradients))))
    array, at = locate(name, shown.experiment.network)
    found = {**shown.values, **shown.parameters.named()}[array]
    return float(found[at]) if at[0] < len(found) else np.nan


def brute_force(shown: list[Snapshot], breakpoints: list[Breakpoint]) -> list[Hit]:
    hits = []
    for step in range(1, len(shown)):
        stops = []
        for each in breakpoints:
            at = each.condition
            if at.relation == "every":
                stop = step % at.value == 0
            elif at.quantity == "step":
                stop = step == at.value
            else:
                before, now = (quantity(shown[k], at.quantity) for k in (step - 1, step))
                if at.size:
                    before, now = abs(before), abs(now)
                if at.relation == "rising":
                    stop = now > before
                else:
                    holds = COMPARED[at.relation]
                    stop = holds(now, at.value) and not holds(before, at.value)
            if stop:
                stops.append(each)
        if stops:
            hits.append(Hit(step, tuple(stops)))
    return hits


COMPARED = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}
KINDS = ["loss <", "loss >", "loss rising", "norm <", "norm >", "every", "step"]
KINDS += ["w", "gw", "b", "gb", "net", "out", "delta", "dL/dout", "array"] * 2


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
        return parse(f"every {rng.choice([1, 7, 50])}", network)
    if kind == "step":
        return parse(f"step = {rng.integers(STEPS)}", network)
    if kind == "loss rising":
        return parse("loss rising", network)
    name, _, sign = kind.partition(" ")
    unit = network.names.unit(network.depth, 0)
    if name in ("w", "gw"):
        name = f"{name}{rng.integers(1, network.weight_count + 1)}"
    elif name == "array":  # samples that only some batches have
        name = ["out_{}[1][0]", "delta_{}[2][0]", "gb{}[0]"][rng.integers(3)]
        name = name.format(network.depth if "b" in name else network.names.suffix(network.depth))
    elif not sign:
        name = f"{name}_{unit}"
    size = bool(not sign and rng.integers(2))
    all_of = [quantity(each, name) for each in shown]
    values = sorted({abs(each) if size else each for each in all_of if not np.isnan(each)})
    at = rng.integers(len(values))
    limit = (values[at] + values[min(at + 1, len(values) - 1)]) / 2
    relation = sign or str(rng.choice(["<", ">", "<=", ">=", "=", "rising"]))
    limit = float(values[at]) if "=" in relation else limit
    name = f"|{name}|" if size else name
    return parse(f"{name} {relation}{'' if relation == 'rising' else f' {limit!r}'}", network)


def found(
    rng: np.random.Generator,
    timeline: Timeline,
    case: list[Breakpoint],
    shown: list[Snapshot],
    *,
    backwards: bool = False,
) -> list[Hit]:
    """The hits, in their order, of a run that looks at the screen now and then."""
    sign, last = (-1, 0) if backwards else (1, STEPS - 1)
    at, hits = STEPS - 1 - last, list[Hit]()
    seconds = [ENDLESS, 1e-9, 1e-3][rng.integers(3)]
    while at != last:
        search = Search(timeline, case, timeline.snapshot(at), backwards)
        while at != last and (search.hit is None or at != search.hit.step):
            due = min(max(at + sign * int(rng.integers(1, 70)), 0), STEPS - 1)
            told = search.advance(due, seconds)
            assert (due - told) * sign >= 0
            moved = (told - at) * sign > 0
            at = told if moved else at
            if moved and (rng.integers(4) == 0 or at == last):
                assert_same_bits(search.snapshot(at), shown[at])
        if search.hit is not None and at == search.hit.step:
            hits.append(search.hit)
    return hits


@pytest.mark.parametrize("seed", range(6))
def test_hits_forwards_backwards_and_by_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made, shown, breakpoints = case(rng)
    expected = brute_force(shown, breakpoints)
    timeline = Timeline(made)
    if rng.integers(2):
        timeline.snapshot(STEPS - 1)
    assert found(rng, timeline, breakpoints, shown) == expected
    before = [hit for hit in expected if hit.step < STEPS - 1]
    assert found(rng, timeline, breakpoints, shown, backwards=True)[::-1] == before


@pytest.mark.parametrize("seed", range(100, 104))
def test_hits_where_most_losses_are_to_be_played_again(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_little(monkeypatch)
    test_hits_forwards_backwards_and_by_brute_force(seed)


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
    assert found(rng, Timeline(made), breakpoints, shown) == expected
    assert found(rng, timeline, breakpoints, shown, backwards=True)[::-1] == expected
