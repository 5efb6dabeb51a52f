"""The gradient check against finite differences, autograd and hand-made kinks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bptui.check.gradcheck.check import TOLERANCE, GradientCheck, check_gradients
from bptui.core.arrays import Array, frozen
from bptui.core.engine import Engine, Snapshot
from bptui.core.errors import UnusableError
from bptui.core.experiment import Experiment
from bptui.core.losses import LOSSES
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.presets import load
from bptui.presets.own import shipped

from .reference import objective
from .support import HIDDEN, PAIRS, arrays, build, experiment

KINKED = {"relu", "leaky_relu", "hard_sigmoid"}
FAULTY = {"article-listing-1", "article-listing-2", "mazur-as-published"}


def step_of(made: Experiment, step: int = 0) -> Snapshot:
    engine = Engine(made)
    while engine.step < step:
        engine.record()
    return engine.record()


def wrong_names(check: GradientCheck) -> set[str]:
    names = check.snapshot.experiment.network.names
    return {
        each.places.parameter(names, int(position))
        for each in check.gradients
        for position in np.flatnonzero(each.wrong)
    }


def origins(check: GradientCheck) -> dict[str, tuple[str, ...]]:
    """The operations in which errors begin, with the mistakes behind them."""
    return {each.operation: each.mistakes for each in check.links if each.origin}


def assert_all_right(check: GradientCheck) -> None:
    assert check.right
    assert check.first_wrong is None
    assert check.count("wrong") == check.count("kink") == 0
    for each in check.gradients:
        assert (each.relative_error[~each.rounded] < 1e-9).all(), each.name
        assert each.central is not None
        size = np.abs(each.right).max()
        np.testing.assert_allclose(each.central, each.right, rtol=1e-4, atol=1e-6 * size + 1e-9)


def finite_differences(shown: Snapshot) -> list[Array]:
    """Five-point differences of the plain forward pass, weights and then biases."""
    data, depth = shown.experiment.data, shown.experiment.network.depth
    x, t = data.inputs[shown.batch], data.targets[shown.batch]
    parameters = [each.copy() for each in arrays(shown.parameters)]

    def loss() -> float:
        biases = parameters[depth:] or None
        return objective(shown.experiment, parameters[:depth], biases, x, t)

    found: list[Array] = []
    for array in parameters:
        gradient = np.empty_like(array)
        for place in np.ndindex(array.shape):
            kept, h, values = array[place], 1e-3, []
            for offset in (-2, -1, 1, 2):
                array[place] = kept + offset * h
                values.append(loss())
            array[place] = kept
            gradient[place] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        found.append(gradient)
    return found


def numerical_gradients(check: GradientCheck) -> list[Array]:
    """The complex-step gradients as whole arrays, weights and then biases."""
    found: list[Array] = []
    for kind in ("weights", "biases"):
        for each in check.gradients:
            places = each.places
            if places.kind == kind:
                shape = check.snapshot.values[each.name].shape
                whole = np.empty(shape)
                for position, value in enumerate(each.right):
                    whole[places.index(position)] = value
                found.append(whole)
    return found


@pytest.mark.parametrize("step", [0, 1, 7, 300])
@pytest.mark.parametrize("name", sorted(FAULTY))
def test_finds_the_wrong_elements_of_published_programs_and_no_other(name: str, step: int) -> None:
    shown = Timeline(load(name)).snapshot(step)
    check = check_gradients(shown)
    names, expected = shown.experiment.network.names, set[str]()
    differences = finite_differences(shown)
    for layer, (a, n) in enumerate(zip(shown.gradients.weights, differences, strict=False), 1):
        for source, unit in np.argwhere(np.abs(a - n) > 1e-6 * np.abs(n)):
            expected.add(names.weight(layer, int(source), int(unit)))
    for layer, a in enumerate(shown.gradients.biases or (), 1):
        n = differences[names.depth + layer - 1]
        for (unit,) in np.argwhere(np.abs(a - n) > 1e-6 * np.abs(n)):
            expected.add(f"b_{names.unit(layer, int(unit))}")
    assert wrong_names(check) == expected
    assert {f"w{number}" for number in range(1, 5)} <= expected
    assert not check.right
    for found, n in zip(numerical_gradients(check), differences, strict=True):
        np.testing.assert_allclose(found, n, rtol=1e-6, atol=1e-11)


def test_says_since_which_operation_and_by_which_mistake() -> None:
    first = check_gradients(Timeline(load("article-listing-1")).snapshot(0))
    assert origins(first) == {
        "dL/dout_h": ("transposed-weights",),
        "update": ("frozen-last-layer",),
    }
    (fault,) = first.links[-1].faults
    assert (fault.name, fault.never_applied, fault.wrong) == ("W2", True, 4)
    second = Timeline(load("article-listing-2"))
    slips = ("output-factor-a", "hidden-derivative-by-output", "transposed-weights")
    # all weights of the start are 0.5, so that W and its transpose are the same
    start = check_gradients(second.snapshot(0))
    assert origins(start) == {"dL/dout_h": slips[:2]}
    assert start.idle_mistakes == slips[2:]
    assert origins(check_gradients(second.snapshot(1))) == {"dL/dout_h": slips}
    mazur = check_gradients(Timeline(load("mazur-as-published")).snapshot(0))
    assert origins(mazur) == {"dL/dout_h": ("updated-weights",)}


@pytest.mark.parametrize("name", sorted({each.name for each in shipped()} - FAULTY))
def test_shipped_presets_are_right(name: str) -> None:
    timeline = Timeline(load(name))
    for step in (0, 1, 20):  # not so far that a loss is nothing but rounding
        check = check_gradients(timeline.snapshot(step))
        assert check.checked == check.total
        assert_all_right(check)


def hidden_with_losses() -> list[tuple[str, str, str]]:
    """Each hidden activation with each loss, and each output activation with each loss."""
    chosen: list[tuple[str, str, str]] = []
    for loss in LOSSES:
        outputs = [output for output, each in PAIRS if each == loss]
        for number in range(max(len(HIDDEN), len(outputs))):
            hidden = HIDDEN[number % len(HIDDEN)]
            chosen.append((hidden, outputs[number % len(outputs)], loss))
    return chosen


def test_every_activation_with_every_loss() -> None:
    chosen = hidden_with_losses()
    assert {(output, loss) for _, output, loss in chosen} == set(PAIRS)
    for number, (hidden, output, loss) in enumerate(chosen):
        training: dict[str, Any] = {"loss": loss}
        if number % 2:
            training |= {"l2": 0.01, "reduction": "sum", "batch_size": 1}
        made = experiment((2, 2, 2), (hidden, output), samples=2, seed=number, **training)
        shown = step_of(made, number % 2)
        check = check_gradients(shown)
        assert_all_right(check)
        assert check.count("rounded") == 0
        if number % 2 and not {hidden, output} & KINKED:  # the plain loops are slow
            for found, n in zip(numerical_gradients(check), finite_differences(shown), strict=True):
                np.testing.assert_allclose(found, n, rtol=1e-5, atol=1e-7)


def test_small_deviations_are_found_everywhere() -> None:
    made = experiment((3, 4, 3, 2), ("sigmoid", "relu", "softmax"), loss="cross_entropy", l2=0.01)
    check = check_gradients(step_of(made))
    for each in check.gradients:
        moving = np.abs(each.analytic) > 0.0
        off = replace(each, analytic=each.analytic * (1.0 + 3e-9))
        assert (off.wrong == moving).all()
        assert off.ratio is None or off.ratio == pytest.approx(1.0 + 3e-9)
        near = replace(each, analytic=each.analytic * (1.0 + 0.3 * TOLERANCE))
        assert not near.wrong.any()
        assert replace(each, analytic=np.full_like(each.analytic, np.nan)).wrong.all()


def test_what_rounding_leaves_of_a_converged_network_is_not_wrong() -> None:
    check = check_gradients(Timeline(load("hagan")).snapshot(1000))
    # which of its gradients are 0 and which the last digit's noise is for the processor to say
    assert check.right
    assert check.count("kink") == 0
    for each in check.gradients:
        assert (each.rounding < 1e-13).all()


def test_saturated_and_dead_units_are_right() -> None:
    x, t = [[1.0, 2.0]], [[0.3]]
    for activation, bias in (("relu", -50.0), ("sigmoid", 45.0), ("tanh", 40.0), ("gelu", -60.0)):
        made = build(
            [[[0.3, 0.4], [0.5, 0.6]], [[0.7], [0.8]]], [[bias, 0.1], [0.0]],
            (activation, "identity"), x, t,
        )  # fmt: skip
        check = check_gradients(step_of(made))
        assert check.right
        assert not check.count("kink")


KINK = [[[1.0, 0.5], [-1.0, 0.3]], [[1.0], [2.0]]]
"""With inputs of 1 and 1 the first hidden unit stands on its kink."""


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_one_sided_derivatives_at_a_kink(activation: str, slope: float) -> None:
    made = build(KINK, [[0.0, 0.0], [0.0]], (activation, "identity"), [[1.0, 1.0]], [[0.5]])
    check = check_gradients(step_of(made))
    assert check.right
    # out_h2 = 0.8, output 1.6, so dL/dout_o = 1.1; the unit's weight to the output is 1
    hidden, bias = check.gradients[0], check.gradients[1]
    assert hidden.kink.tolist() == [True, True, False, False]  # w1 and w2 lead into it
    np.testing.assert_allclose(hidden.right[:2], 1.1, rtol=1e-14)
    np.testing.assert_allclose(hidden.left[:2], 1.1 * slope, rtol=1e-14)
    assert bias.kink.tolist() == [True, False]
    assert not check.gradients[2].kink.any()
    # beyond both one-sided values nothing may stand for the derivative
    for factor, wrong in ((0.5, False), (1.0, False), (1.001, True), (-0.5, True)):
        analytic = np.where(hidden.kink, 1.1 * factor, hidden.analytic)
        assert replace(hidden, analytic=analytic).wrong[:2].all() == wrong


def test_a_sum_that_only_rounding_keeps_from_0_is_a_kink() -> None:
    weights = [[[0.1], [0.2], [-0.3]], [[1.0]]]  # 0.1 + 0.2 - 0.3 is 2.8e-17 in float64
    made = build(weights, None, ("relu", "identity"), [[1.0, 1.0, 1.0]], [[0.5]])
    check = check_gradients(step_of(made))
    assert check.gradients[0].kink.all()
    assert check.right


def test_units_at_kinks_of_which_rounding_turns_one_on() -> None:
    """0.1 + 0.2 - 0.3 is above 0 in float64, and 1 - 1 is not: neither side has both of these."""
    made = build(
        [[[1.0]], [[1.0, 0.1 + 0.2]], [[1.0], [-1.0]]], [[0.0], [-1.0, -0.3], [0.0]],
        ("identity", "relu", "identity"), [[1.0]], [[-0.5]],
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert check.right
    first = check.gradients[0]
    assert first.kink.all()
    np.testing.assert_allclose([first.left[0], first.right[0]], [0.0, 0.35], rtol=1e-14)
    np.testing.assert_allclose(first.analytic, -0.15, rtol=1e-14)


def test_a_mistake_at_a_kink_is_still_a_mistake() -> None:
    made = build(
        KINK, [[0.0, 0.0], [0.0]], ("relu", "identity"), [[1.0, 1.0], [2.0, 1.0]],
        [[0.5], [0.2]], mistakes=("wrong-sign",),
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert check.count("wrong") == 9
    assert origins(check) == {"dL/dout_o": ("wrong-sign",)}


def test_kinks_near_by_do_not_spoil_central_differences() -> None:
    made = build(
        [[[1.0, 0.5], [-1.0 + 1e-4, 0.3]], [[1.0], [2.0]]], None,
        ("relu", "identity"), [[1.0, 1.0]], [[0.5]],
    )  # fmt: skip
    assert_all_right(check_gradients(step_of(made)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_updates_are_what_the_optimizer_makes_of_the_gradients(optimizer: str) -> None:
    made = experiment((2, 3, 2), optimizer=optimizer, train_weights=(True, False), batch_size=2)
    shown = step_of(made, 3)
    assert check_gradients(shown).right  # what the preset does not train is no mistake
    moved = [each.copy() for each in shown.updated_parameters.weights]
    moved[0][1, 2] += 1e-6
    other = replace(shown.updated_parameters, weights=tuple(map(frozen, moved)))
    check = check_gradients(replace(shown, updated_parameters=other))
    (fault,) = check.links[-1].faults
    assert (fault.name, fault.wrong, fault.never_applied) == ("W1", 1, False)


def test_of_large_networks_a_sample_is_checked_always_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bptui.check.gradcheck.check.WORK", 2000)
    made = experiment((20, 10, 3), ("tanh", "softmax"), loss="cross_entropy", scale=0.3)
    shown = step_of(made)
    one, other = check_gradients(shown), check_gradients(shown)
    assert one.checked < one.total == made.network.parameter_count
    rows = [[each.places.rows for each in check.gradients] for check in (one, other)]
    assert all(map(np.array_equal, *rows))
    assert_all_right(one)
    shares: list[float] = []
    whole = check_gradients(shown, every=True, progress=shares.append)
    assert whole.checked == whole.total
    assert_all_right(whole)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)


def test_a_loss_that_is_not_finite_has_no_gradients() -> None:
    made = experiment((1, 2, 1), "identity", learning_rate=1e200, mistakes=("wrong-sign",))
    with pytest.raises(UnusableError, match="diverged"):
        check_gradients(step_of(made, 4))


def test_gradients_that_are_not_finite_are_wrong() -> None:
    shown = step_of(experiment())
    values: dict[str, npt.NDArray[np.float64]] = dict(shown.values)
    values["gW1"] = frozen(np.full_like(values["gW1"], np.inf))
    check = check_gradients(replace(shown, values=values))
    assert check.gradients[0].wrong.all()
    assert not check.right
