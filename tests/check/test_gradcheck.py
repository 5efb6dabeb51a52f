"""The gradient check against plain loops, hand-made kinks and numerical limits."""

import itertools
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bptui.check.gradcheck.check import TOLERANCE, GradientCheck, check_gradients
from bptui.check.gradcheck.report import chain_lines, report_lines
from bptui.core.activations import Activation, enter_activation
from bptui.core.arrays import Array, frozen
from bptui.core.engine import Engine, Snapshot
from bptui.core.errors import UnusableError
from bptui.core.graph.elementwise import absolute, greater, where
from bptui.core.graph.node import constant
from bptui.core.losses import LOSSES, Loss, enter_loss
from bptui.core.network import Parameters
from bptui.core.optimizers import OPTIMIZERS
from bptui.core.timeline import Timeline
from bptui.presets.files import load
from bptui.presets.own import shipped

from ..core.reference import PlainRun
from ..core.support import HIDDEN, PAIRS, build, experiment, tables_kept

KINKED = {"relu", "leaky_relu", "hard_sigmoid"}
FAULTY = {"article-listing-1", "article-listing-2", "mazur-as-published"}


def step_of(made: Any, step: int = 0) -> Snapshot:  # noqa: ANN401  an experiment or a preset's name
    engine = Engine(load(made) if isinstance(made, str) else made)
    while engine.step < step:
        engine.record()
    return engine.record()


def origins(check: GradientCheck) -> dict[str, tuple[str, ...]]:
    """The operations in which errors begin, with the mistakes behind them."""
    return {each.operation: each.mistakes for each in check.links if each.verdict == "wrong"}


def count(check: GradientCheck, verdict: str) -> int:
    """Of how many parameters this is the verdict."""
    return sum(int((each.verdicts == verdict).sum()) for each in check.gradients)


def assert_all_right(check: GradientCheck) -> None:
    assert check.right
    assert check.first_wrong is None
    assert count(check, "right") == check.total
    for each in check.gradients:
        assert (each.relative_error[~each.rounded] < TOLERANCE).all(), each.name
        size = np.abs(each.sides[0]).max()
        central = [each.central(at) for at in range(each.places.size)]
        np.testing.assert_allclose(central, each.sides[0], rtol=1e-4, atol=1e-6 * size + 1e-9)


def true_gradients(shown: Snapshot) -> list[Array]:
    """Those of the plain loops without mistakes, in the order of the check's."""
    made, start = shown.experiment, shown.parameters
    run = PlainRun(replace(made, training=replace(made.training, mistakes=())))
    run.weights, run.step = [*start.weights], shown.step
    run.biases = start.biases and [*start.biases]
    _, weights, biases = run.play()
    return [*itertools.chain(*zip(weights, biases, strict=True))] if biases else weights


def numerical(check: GradientCheck) -> list[Array]:
    """The complex-step gradients as whole arrays."""
    found: list[Array] = []
    for each in check.gradients:
        whole = np.empty(check.snapshot.values[each.name].shape)
        for position, value in enumerate(each.sides[0]):
            whole[each.places.index(position)] = value
        found.append(whole)
    return found


@pytest.mark.parametrize("step", [0, 7, 300])
@pytest.mark.parametrize("name", sorted(FAULTY))
def test_finds_the_wrong_elements_of_published_programs_and_no_other(name: str, step: int) -> None:
    shown = Timeline(load(name)).snapshot(step)
    check, gradients = check_gradients(shown), true_gradients(shown)
    for each, found, n in zip(check.gradients, numerical(check), gradients, strict=True):
        np.testing.assert_allclose(found, n, rtol=1e-6, atol=1e-11)
        wrong = np.abs(shown.values[each.name] - n) > 1e-6 * np.abs(n)
        assert {each.places.index(int(at)) for at in np.flatnonzero(each.wrong)} == {
            tuple(index) for index in np.argwhere(wrong).tolist()
        }
    assert check.gradients[0].wrong.all()


def test_says_since_which_operation_and_by_which_mistake() -> None:
    first = check_gradients(step_of("article-listing-1"))
    transposed, frozen_last = ("transposed-weights",), ("frozen-last-layer",)
    assert origins(first) == {"dL/dout_h": transposed, "update": frozen_last}
    (fault,) = first.links[-1].faults
    assert (fault.parameter, fault.never_applied) == ("W2", True)
    slips = ("output-factor-a", "hidden-derivative-by-output", "transposed-weights")
    # all weights of the start are 0.5, so that W and its transpose are the same
    start = check_gradients(step_of("article-listing-2"))
    assert origins(start) == {"dL/dout_h": slips[:2]}
    assert start.idle_mistakes == slips[2:]
    assert origins(check_gradients(step_of("article-listing-2", 1))) == {"dL/dout_h": slips}
    mazur = check_gradients(step_of("mazur-as-published"))
    assert origins(mazur) == {"dL/dout_h": ("updated-weights",)}


@pytest.mark.parametrize("name", sorted({each.name for each in shipped()} - FAULTY))
def test_shipped_presets_are_right(name: str) -> None:
    timeline = Timeline(load(name))
    for step in (0, 1, 20):  # not so far that a loss is nothing but rounding
        check = check_gradients(timeline.snapshot(step))
        assert count(check, "right") == check.total
        assert_all_right(check)


def test_every_activation_with_every_loss() -> None:
    chosen: list[tuple[str, str, str]] = []
    for loss in LOSSES:
        outputs = [output for output, each in PAIRS if each == loss]
        for number in range(max(len(HIDDEN), len(outputs))):
            hidden = HIDDEN[number % len(HIDDEN)]
            chosen.append((hidden, outputs[number % len(outputs)], loss))
    assert {(output, loss) for _, output, loss in chosen} == set(PAIRS)
    for number, (hidden, output, loss) in enumerate(chosen):
        training: dict[str, Any] = {"loss": loss}
        if number % 2:
            training |= {"l2": 0.01, "reduction": "sum", "batch_size": 1}
        made = experiment((2, 2, 2), (hidden, output), samples=2, seed=number, **training)
        shown = step_of(made, number % 2)
        check = check_gradients(shown)
        assert_all_right(check)
        assert not any(each.rounded.any() for each in check.gradients)
        if number % 2 and not {hidden, output} & KINKED:  # the plain loops are slow
            for found, n in zip(numerical(check), true_gradients(shown), strict=True):
                np.testing.assert_allclose(found, n, rtol=1e-5, atol=1e-7)


def test_small_deviations_are_found_everywhere() -> None:
    made = experiment((3, 4, 3, 2), ("sigmoid", "relu", "softmax"), loss="cross_entropy", l2=0.01)
    check = check_gradients(step_of(made))
    for each in check.gradients:
        off = replace(each, analytic=each.analytic * (1.0 + 3e-9))
        assert (off.wrong == (np.abs(each.analytic) > 0.0)).all()
        assert off.ratio is None or off.ratio == pytest.approx(1.0 + 3e-9)
        near = replace(each, analytic=each.analytic * (1.0 + 0.3 * TOLERANCE))
        assert not near.wrong.any()
        assert replace(each, analytic=np.full_like(each.analytic, np.nan)).wrong.all()
        # derivatives that overflow themselves tell nothing
        nothing = np.full_like(each.analytic, np.nan)
        lost = replace(each, sides=np.array([nothing] * 3))
        assert not lost.wrong.any()
        assert lost.kink.all()


def test_what_rounding_leaves_of_a_converged_network_is_not_wrong() -> None:
    check = check_gradients(Timeline(load("hagan")).snapshot(1000))
    # which of its gradients are 0 and which the last digit's noise is for the processor to say
    assert check.right
    assert count(check, "kink") == 0


ONE = [[1.0]]
KINK = [[[1.0, 0.5], [-1.0, 0.3]], [[1.0], [2.0]]]
"""With inputs of 1 and 1 the first hidden unit stands on its kink."""


def saturated(activation: str, bias: float) -> Any:  # noqa: ANN401  an experiment
    weights = [[[0.3, 0.4], [0.5, 0.6]], [[0.7], [0.8]]]
    kinds = (activation, "identity")
    return build(weights, [[bias, 0.1], [0.0]], kinds, [[1.0, 2.0]], [[0.3]])


@pytest.mark.parametrize(
    "made",
    [
        *(saturated(*each) for each in (("relu", -50.0), ("sigmoid", 45.0), ("tanh", 40.0))),
        saturated("gelu", -60.0),
        # the error of a complex step, h^2 times a third derivative, must not show beside exact 0s
        build([[[0.7]]], [[0.0]], ("gelu",), [[0.0]], [[0.0]]),
        # kinks near by do not spoil central differences
        build(
            [[[1.0, 0.5], [-1.0 + 1e-4, 0.3]], KINK[1]], None, ("relu", "identity"), [[1.0, 1.0]],
            [[0.5]],
        ),
    ],
)  # fmt: skip
def test_saturated_and_dead_units_are_right(made: Any) -> None:  # noqa: ANN401  an experiment
    check = check_gradients(step_of(made))
    assert check.right
    assert not count(check, "kink")


SATURATED_OUTPUTS = [
    # activation, loss, weights, input, targets
    ("softmax", "cross_entropy", [[1.0, -1.0]], 25.0, [0.0, 1.0]),
    ("softmax", "cross_entropy", [[1.0, -1.0, 0.3]], 400.0, [1.0, 0.0, 0.0]),
    ("sigmoid", "binary_cross_entropy", [[1.0, 0.1]], 40.0, [1.0, 0.0]),
    ("sigmoid", "binary_cross_entropy", [[1.0, -1.0]], 45.0, [0.3, 0.6]),
    ("sigmoid", "cross_entropy", [[1.0, -20.0]], 40.0, [0.5, 0.0]),
    ("sigmoid", "cross_entropy", [[-1.0, 1.0]], 600.0, [1.0, 1.0]),
]


@pytest.mark.parametrize(("output", "loss", "weights", "x", "t"), SATURATED_OUTPUTS)
def test_saturated_outputs_are_right_and_their_mistakes_found(
    output: str, loss: str, weights: list[list[float]], x: float, t: list[float]
) -> None:
    made = [
        build([weights], None, (output,), [[x]], [t], loss=loss, mistakes=mistakes)
        for mistakes in ((), ("wrong-sign",))
    ]
    assert check_gradients(step_of(made[0])).right
    shown = step_of(made[1])
    if np.abs(shown.values["delta_o"]).max() > 0.0:
        assert not check_gradients(shown).right


def test_a_saturated_unit_hides_no_mistake_behind_it() -> None:
    """The pre-activation of 3e16 is off by units, and the sigmoid's 1 by nothing."""
    made = build(
        [[[3e7]], [[0.5]]], [[0.0], [0.25]], ("sigmoid", "relu"), [[1e9]], [[0.0]],
        mistakes=("wrong-sign",),
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert origins(check) == {"dL/dout_o": ("wrong-sign",)}
    assert [each.wrong.tolist() for each in check.gradients] == [[False], [False], [True], [True]]


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_one_sided_derivatives_at_a_kink(activation: str, slope: float) -> None:
    made = build(KINK, [[0.0, 0.0], [0.0]], (activation, "identity"), [[1.0, 1.0]], [[0.5]])
    check = check_gradients(step_of(made))
    assert check.right
    # out_h2 = 0.8, output 1.6, so dL/dout_o = 1.1; the unit's weight to the output is 1
    hidden, bias = check.gradients[0], check.gradients[1]
    assert hidden.kink.tolist() == [True, True, False, False]  # w1 and w2 lead into it
    np.testing.assert_allclose(hidden.sides[0][:2], 1.1, rtol=1e-14)
    np.testing.assert_allclose(hidden.sides[1][:2], 1.1 * slope, rtol=1e-14)
    assert bias.kink.tolist() == [True, False]
    assert not check.gradients[2].kink.any()
    # beyond both one-sided values nothing may stand for the derivative
    for factor, wrong in ((0.5, False), (1.0, False), (1.001, True), (-0.5, True)):
        analytic = np.where(hidden.kink, 1.1 * factor, hidden.analytic)
        assert replace(hidden, analytic=analytic).wrong[:2].all() == wrong


@pytest.mark.parametrize(
    ("made", "sides"),
    [
        # 0.1 + 0.2 - 0.3 is 2.8e-17 in float64: only rounding keeps it from 0
        (
            build([[[0.1], [0.2], [-0.3]], ONE], None, ("relu", "identity"), [[1.0] * 3], [[0.5]]),
            None,
        ),
        # and 1 - 1 is 0: neither side has both of these units as arithmetic has them
        (
            build(
                [ONE, [[1.0, 0.1 + 0.2]], [[1.0], [-1.0]]], [[0.0], [-1.0, -0.3], [0.0]],
                ("identity", "relu", "identity"), ONE, [[-0.5]],
            ),
            (0.0, 0.35, -0.15),
        ),
    ],
)  # fmt: skip
def test_kinks_that_rounding_moves(made: Any, sides: tuple[float, ...] | None) -> None:  # noqa: ANN401
    check = check_gradients(step_of(made))
    assert check.right
    first = check.gradients[0]
    assert first.kink.all()
    if sides is not None:
        found = first.sides[1][0], first.sides[0][0], first.analytic[0]
        np.testing.assert_allclose(found, sides, rtol=1e-14)


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
    assert (fault.parameter, fault.never_applied) == ("W1", False)


def test_every_number_of_a_large_network_is_checked() -> None:
    made = experiment((20, 10, 3), ("tanh", "softmax"), loss="cross_entropy", scale=0.3)
    shares: list[float] = []
    check = check_gradients(step_of(made), progress=shares.append)
    assert check.total == made.network.parameter_count
    assert_all_right(check)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)


def test_numbers_that_are_not_finite() -> None:
    made = experiment((1, 2, 1), "identity", learning_rate=1e200, mistakes=("wrong-sign",))
    with pytest.raises(UnusableError, match="diverged"):
        check_gradients(step_of(made, 4))
    shown = step_of(experiment((2, 2, 1), bias=False))
    values = dict(shown.values)
    values["gW1"] = frozen([[np.inf, -np.inf], [1e308, -1e308]])
    values["gW2"] = frozen(-1.6e308 * np.sign(values["gW2"]))
    gradients = Parameters.of([values["gW1"], values["gW2"]], None)
    with np.errstate(over="ignore"):
        rate = shown.experiment.training.learning_rate
        pairs = zip(shown.parameters.weights, gradients.weights, strict=True)
        updated = Parameters.of([w - rate * g for w, g in pairs], None)
    shown = replace(shown, values=values, gradients=gradients, updated_parameters=updated)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check = check_gradients(shown)
        told = "\n".join(line.text for line in report_lines(check, 100))
        chain = [" ".join(line.text.split()) for line in chain_lines(check, 100)]
    assert check.gradients[0].wrong.all()
    assert "wrong: not finite" in told
    assert " times what it should be" not in told
    assert "update right" in chain


@pytest.mark.parametrize("rounding", [0.0, 1.1e-16])
@tables_kept()
def test_kinks_are_found_wherever_they_are(rounding: float) -> None:
    one = constant(1.0)
    enter_activation(Activation("bent", lambda z: where(greater(z, one), 2.0 * z - 1.0, z)))
    made = build(
        [[[0.5 - rounding, 0.3], [0.5, 0.2]], KINK[1]], None, ("bent", "identity"),
        [[1.0, 1.0]], [[0.5]],
    )  # fmt: skip
    check = check_gradients(step_of(made))
    assert check.right
    # out is 1 + 2 * 0.5, 1.5 more than the target; the first hidden unit stands at its kink
    hidden = check.gradients[0]
    assert hidden.kink.tolist() == [True, True, False, False]
    np.testing.assert_allclose(hidden.sides[1][:2], 1.5, rtol=1e-14)
    np.testing.assert_allclose(hidden.sides[0][:2], 3.0, rtol=1e-14)
    assert not check.gradients[1].kink.any()
    # a loss has kinks, too
    enter_loss(Loss("distance", lambda a, t: absolute(a - t)))
    made = build([[[0.5, 1.0]]], None, ("identity",), [[2.0]], [[1.0, 3.0]], loss="distance")
    check = check_gradients(step_of(made))
    assert check.right
    (weights,) = check.gradients
    assert weights.kink.tolist() == [True, False]
    assert (weights.sides[1][0], weights.sides[0][0], weights.sides[0][1]) == (-2.0, 2.0, -2.0)
