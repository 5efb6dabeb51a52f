"""The chain rule as it is told: its factors are derivatives, its paths add up, its reasons hold."""

import re
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from bptui.core.engine import Engine
from bptui.explain.chain import LOSS, ChainRule, Factor
from bptui.explain.explain import Explainer
from bptui.explain.expression import Quantity, Scope
from bptui.explain.formulas import element
from bptui.explain.lines import plain
from bptui.explain.pieces import FORMS
from bptui.explain.report import Report
from bptui.presets.files import load

from ..core.support import experiment, random_experiment

COUNT, STEP = 12, 1e-6


def explainer(preset: str) -> Explainer:
    return Explainer(Engine(load(preset)).record())


def rule_of(explained: Explainer) -> ChainRule:
    return ChainRule(explained.experiment.network, explained.formulas, explained.scope)


def along(path: tuple[Factor, ...], scope: Scope) -> float:
    return prod(float(scope.evaluate(link.value)) for link in path)


@pytest.mark.parametrize("seed", range(COUNT))
def test_paths_add_up_to_the_gradient(seed: int) -> None:
    explained = Explainer(Engine(random_experiment(seed)).record())
    rule, scope = rule_of(explained), explained.scope
    for name in filter(rule.is_gradient, scope.old):
        array = scope.old[name]
        for index in {(0,) * array.ndim, tuple(size - 1 for size in array.shape)}:
            gradient = Quantity(name, index)
            for far in (False, True):
                paths = rule.paths(gradient, None, far=far)
                found = sum(along(path, scope) for path in paths)
                rest = rule.added(gradient)
                found += 0.0 if rest is None else float(scope.evaluate(rest))
                assert found == pytest.approx(array[index], rel=1e-9, abs=1e-12), (name, index)


@pytest.mark.parametrize("seed", range(COUNT))
def test_every_factor_is_a_derivative(seed: int) -> None:
    explained = Explainer(Engine(random_experiment(seed)).record())
    rule, scope = rule_of(explained), explained.scope
    near_a_kink = any(
        np.any(np.abs(array) < 100 * STEP) for name, array in scope.old.items() if "net_" in name
    )
    for layer in range(1, explained.names.depth + 1) if not near_a_kink else ():
        gradient = Quantity(explained.names.weight_gradient(layer), (0, 0))
        for path in rule.paths(gradient, far=True):
            for link in path:
                if link.above == LOSS and isinstance(link.value, Quantity):
                    continue  # a gradient of its own
                name = link.above.name
                if link.above == LOSS and Quantity("data_loss") in explained.formulas.every:
                    name = "data_loss"
                formula = element(
                    explained.formulas.every[Quantity(name)], link.above.index or (), scope
                )
                ends = []
                for step in (STEP, -STEP):
                    moved = scope.old[link.below.name].copy()
                    moved[link.below.index] += step
                    ends.append(Scope({**scope.old, link.below.name: moved}, {}).evaluate(formula))
                slope = float(ends[0] - ends[1]) / (2.0 * STEP)
                assert float(scope.evaluate(link.value)) == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_a_fused_delta_is_derived_before_anything_cancels() -> None:
    for preset in ("iris", "xor"):
        explained = explainer(preset)
        found = explained.explain("delta_o").numbers[0]
        chain = found.statements[0].chain
        assert chain.derived.value == pytest.approx(explained.scope.old["delta_o"][0, 0], rel=1e-12)
        assert {link.below for path in chain.paths for link in path} >= {Quantity("net_o", (0, 0))}
    # every output depends on every pre-activation of a softmax
    assert len(explainer("iris").rule.chain(Quantity("delta_o", (0, 0)), 16, far=False).paths) == 3


@pytest.mark.parametrize("preset", ["article-listing-1", "article-listing-2"])
def test_what_a_mistake_makes_wrong_is_not_called_what_it_should_be(preset: str) -> None:
    explained = explainer(preset)
    for name in filter(explained.rule.is_gradient, explained.scope.old):
        wrong = not np.array_equal(explained.scope.old[name], explained.right[0].old[name])
        report = Report(explained.symbols, 200)
        subject = explained.explain(name)
        for form in FORMS:
            lines = [plain(line) for line in report.lines(subject, form)]
            assert not any(wrong and "is short for" in line for line in lines), name
            said = [line for line in lines if line.startswith(("why: ", "# "))]
            if "delta" in name and said:
                assert ("should be dL/dnet" in said[0]) is wrong, name
            links = next((line for line in lines if re.search(r"dL/d\S+ = .*[·*] d", line)), "")
            assert not wrong or links.startswith("dL/d" * bool(links)), links


def test_the_penalty_is_added() -> None:
    made = random_experiment(0)
    penal = replace(made, training=replace(made.training, l2=0.1))
    explained = Explainer(Engine(penal).record())
    found = explained.explain("w1").numbers[0]
    chain = found.statements[0].chain
    assert any("penalty contains" in reason for reason in chain.why)
    assert chain.added is not None
    slope = 2.0 * 0.1 * explained.scope.old["W1"][0, 0]
    assert float(explained.scope.evaluate(chain.added)) == pytest.approx(slope)


def test_a_softmax_without_a_shortcut_has_two_sums() -> None:
    made = experiment((2, 2, 2), ("sigmoid", "softmax"), loss="half_squared_error", samples=1)
    explained = Explainer(Engine(made).record())
    lines = [
        plain(line)
        for line in Report(explained.symbols, 100).lines(explained.explain("w1"), "scalar")
    ]
    assert lines[0].startswith("dL/dw1 = Σk Σj dL/dout_oj · dout_oj/dnet_ok · dnet_ok/dout_h1")
    assert "all 4 paths add up" in " ".join(lines)
