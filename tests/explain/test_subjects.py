"""Everything that can be named is explained in every form; everything else is refused, kindly."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptui.app.playback.breakpoints import locate, parse
from bptui.core.engine import Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.mistakes import MISTAKES
from bptui.explain.explain import Explainer
from bptui.explain.lines import plain
from bptui.explain.pieces import FORMS
from bptui.explain.report import Report
from bptui.explain.symbols import examples, find_subject, number, units

from ..core.support import experiment
from .support import last, steps

SMALL: dict[str, Experiment] = {
    "one hidden layer": experiment((2, 3, 2), "sigmoid"),
    "no hidden layer": experiment((3, 2), "tanh"),
    "no biases": experiment((2, 2, 2), "sigmoid", bias=False, samples=1),
    "one weight": experiment((1, 1), "identity", bias=False, samples=1),
    "deep": experiment((2, 2, 3, 2, 1), "tanh", optimizer="adam", l2=0.1),
    "mistaken": experiment((2, 2, 2), "sigmoid", mistakes=("updated-weights",)),
}


def every_name(made: Experiment) -> list[str]:
    """What :func:`examples` offers, and all else of the same kinds."""
    network, names = made.network, made.network.names
    found = [each for name in examples(made) for each in name.split(" to ")]
    found += [f"w{number + 1}" for number in range(network.weight_count)]
    found += [f"gw{number + 1}" for number in range(network.weight_count)]
    for unit, (layer, _) in units(made.network).items():
        found.append(unit)
        if layer:
            found += [f"{kind}_{unit}" for kind in ("net", "out", "delta", "dL/dout")]
            found += [f"b_{unit}", f"gb_{unit}", f"dL/db_{unit}"] if network.bias else []
    for layer in range(1, network.depth + 1):
        found += [names.net(layer), names.out(layer), names.delta(layer), f"W{layer}"]
        found += [names.out_gradient(layer), f"gW{layer}", f"dL/dw{layer}"]
        found += [f"b{layer}", f"gb{layer}"] if network.bias else []
    return [*dict.fromkeys(found)]


@cache
def second_step(kind: str) -> Snapshot:
    return last(SMALL[kind])


@pytest.mark.parametrize("kind", SMALL)
def test_every_name_is_explained_in_every_form(kind: str) -> None:
    made = SMALL[kind]
    explainer = Explainer(second_step(kind))
    for name in every_name(made):
        explanation = explainer.explain(name)
        assert explanation.title
        for form in FORMS:
            lines = [plain(line) for line in Report(explainer.symbols, 76).lines(explanation, form)]
            assert any("=" in line or "←" in line for line in lines), (name, form)


def test_near_misses_are_refused_with_what_there_is() -> None:
    names = ["", "w", "w0", "w01", "w-1", "w²", "w\uff11", "w1.5", "W0", "W9", "b", "gb", "b_i1"]
    for made in SMALL.values():
        for name in (*names, "net_i1", f"w{made.network.weight_count + 1}"):
            with pytest.raises(UnusableError) as caught:
                find_subject(name, made)
            assert repr(name) in str(caught.value)
            assert all(example in caught.value.expected for example in examples(made))


PARTS = ["w", "W", "g", "b", "_", "dL/d", "net", "out", "delta", "h", "o", "i", "1", "2", ".", "²"]


@given(text=st.text() | st.lists(st.sampled_from(PARTS), max_size=5).map("".join))
def test_any_text_is_a_subject_or_refused(text: str) -> None:
    for kind, made in SMALL.items():
        try:
            find_subject(text, made)
        except UnusableError:
            continue
        assert Explainer(second_step(kind)).explain(text).title


@pytest.mark.parametrize("mistake", [None, *MISTAKES])
def test_a_run_that_diverges_is_explained_to_the_end(mistake: str | None) -> None:
    """Numbers that overflow, inf and nan, in every form."""
    made = experiment(
        (2, 2, 2),
        ("softplus", "identity" if mistake != "output-factor-a" else "sigmoid"),
        samples=2,
        learning_rate=1e150,
        mistakes=(mistake,) if mistake else (),
    )
    snapshot = [*steps(made, 6)][1 if len(mistake or "") % 2 else 5]  # inf at first, then nan
    explainer = Explainer(snapshot)
    explanation = explainer.explain("all")
    for form in FORMS:
        assert Report(explainer.symbols, 76).lines(explanation, form)


@pytest.mark.parametrize("layers", [(4, 5, 3), (2, 4, 5, 2)])
def test_a_weight_of_many_is_called_by_its_ends_and_still_has_its_number(
    layers: tuple[int, ...],
) -> None:
    network = experiment(layers, "tanh").network
    for count in range(1, network.weight_count + 1):
        by_number = number(f"gw{count}", network)
        (source, unit), layer = by_number.index, int(by_number.name.removeprefix("gW"))
        name = network.names.weight(layer, source, unit)
        ends = (network.names.unit(layer - k, (unit, source)[k]) for k in (1, 0))
        assert name == f"W{layer}[{', '.join(ends)}]"
        for spelt in (f"g{name}", f"dL/d{name}", f"g{name}".replace(" ", "")):
            assert number(spelt, network) == by_number
        assert parse(f"{name} > 1", network).condition.quantity == name
        assert locate(f"g{name}", network) == (f"gW{layer}", (source, unit))
    for wrong in ("W1[h1, i1]", "W1[i1, o1]", "W2[i1, h1]", "W3[h1, o1, o2]", "W9[i1, h1]"):
        assert number(wrong, network) is None
