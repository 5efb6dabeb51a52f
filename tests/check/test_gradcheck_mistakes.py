"""Every mistake of the catalogue is found by the gradient check where it is made."""

import pytest

from bptui.check.gradcheck.check import check_gradients
from bptui.check.gradcheck.report import chain_lines, report_lines, summary
from bptui.core.engine import Engine
from bptui.core.mistakes import MISTAKES

from ..core.support import build, experiment
from .test_gradcheck import KINK, count, origins, step_of

MADE_IN = {
    "transposed-weights": "dL/dout_h",
    "missing-output-derivative": "delta_o",
    "missing-hidden-derivative": "delta_h",
    "derivative-of-activation": "delta_o",
    "updated-weights": "dL/dout_h",
    "frozen-first-layer": "update",
    "frozen-last-layer": "update",
    "wrong-sign": "dL/dout_o",
    "doubled": "dL/dout_o",
    "missing-half": "dL/dout_o",
    "not-averaged": "dL/dout_o",
    "averaged-twice": "dL/dout_o",
    "bias-not-updated": "update",
    "bias-gradient-not-summed": "gW2",
    "gradient-accumulated": "gW2",
    "output-factor-a": "dL/dout_h",
    "hidden-derivative-by-output": "dL/dout_h",
}
"""The operation of a network with one hidden layer in which each mistake begins."""
RATIOS = {"wrong-sign": -1.0, "doubled": 2.0, "missing-half": 0.5, "not-averaged": 3.0}


@pytest.mark.parametrize("name", MISTAKES)
def test_finds_the_mistake_at_the_step_where_it_acts(name: str) -> None:
    for loss, optimizer in (("half_squared_error", "adam"), ("binary_cross_entropy", "sgd")):
        made = experiment(
            (2, 2, 2), ("tanh", "sigmoid"), samples=3, loss=loss, optimizer=optimizer,
            mistakes=(name,),
        )  # fmt: skip
        engine = Engine(made)
        start, later = check_gradients(engine.record()), check_gradients(engine.record())
        acts_later = name == "gradient-accumulated"
        assert start.right == acts_later
        assert start.idle_mistakes == ((name,) if acts_later else ())
        for check in [later] if acts_later else [start, later]:
            assert check.first_wrong.operation == MADE_IN[name]
            assert all(behind == (name,) for behind in origins(check).values())
            assert (count(check, "wrong") == 0) == (MADE_IN[name] == "update")
            assert any(name in line for line in summary(check))
        for each in start.gradients if name in RATIOS else ():
            assert each.ratio == pytest.approx(RATIOS[name], rel=1e-9)


def test_in_deep_networks_errors_follow_from_the_first_one() -> None:
    made = experiment((2, 2, 2, 2), ("tanh", "tanh", "sigmoid"), mistakes=("transposed-weights",))
    check = check_gradients(step_of(made))
    assert origins(check) == {"dL/dout_2": ("transposed-weights",)}
    told = [" ".join(line.text.split()) for line in chain_lines(check, 100)]
    assert "delta_2 wrong because it uses dL/dout_2" in told
    assert "gW3 right" in told
    assert "dL/dout_2 wrong from here on: transposed-weights" in told


UPDATES = ("updated-weights", "frozen-last-layer")
CANCELLING = ("doubled", "missing-half")


@pytest.mark.parametrize(
    ("layers", "mistakes", "begins", "idle", "hidden"),
    [
        # those that cancel have no effect, but beside a third they are not idle
        ((2, 3, 1), CANCELLING, {}, CANCELLING, ()),
        (
            (2, 2, 2),
            (*CANCELLING, "transposed-weights"),
            {"dL/dout_h": ("transposed-weights",)},
            (),
            CANCELLING,
        ),
        # weights that are never updated cannot be used after their update
        ((2, 3, 1), UPDATES, {"update": UPDATES[1:]}, UPDATES[:1], ()),
        # but those before the last can
        ((2, 2, 2, 2), UPDATES, {"update W3": UPDATES[1:], "dL/dout_1": UPDATES[:1]}, (), ()),
        (
            (2, 2, 2),
            ("doubled", "transposed-weights", "gradient-accumulated"),
            {"dL/dout_o": ("doubled",)},
            ("gradient-accumulated",),
            (),
        ),
    ],
)
def test_mistakes_that_meet_are_each_named_where_they_act(
    layers: tuple[int, ...],
    mistakes: tuple[str, ...],
    begins: dict[str, tuple[str, ...]],
    idle: tuple[str, ...],
    hidden: tuple[str, ...],
) -> None:
    check = check_gradients(step_of(experiment(layers, mistakes=mistakes)))
    assert origins(check) == begins
    assert (check.idle_mistakes, check.hidden_mistakes) == (idle, hidden)
    named = {name for each in check.links for name in each.mistakes}
    assert named == {*mistakes} - {*idle, *hidden}
    if "doubled" in named:
        assert "dL/dout_h is also wrong on its own: transposed-weights." in summary(check)


def test_mistakes_where_there_is_no_gradient() -> None:
    """Without that in the gradient of a dead unit there would be no update to leave out."""
    mistakes = ("bias-not-updated", "missing-output-derivative")
    made = build([[[1.0]]], [[50.0]], ("sigmoid",), [[1.0]], [[0.0]], mistakes=mistakes)
    assert origins(check_gradients(step_of(made))) == {
        "delta_o": ("missing-output-derivative",),
        "update": ("bias-not-updated",),
    }
    kinked = build(
        KINK, [[0.0, 0.0], [0.0]], ("relu", "identity"), [[1.0, 1.0], [2.0, 1.0]],
        [[0.5], [0.2]], mistakes=("wrong-sign",),
    )  # fmt: skip
    check = check_gradients(step_of(kinked))
    assert count(check, "wrong") == 9
    assert origins(check) == {"dL/dout_o": ("wrong-sign",)}


@pytest.mark.parametrize("width", [60, 71, 100])
def test_tables_have_their_numbers_in_columns(width: int) -> None:
    made = experiment((2, 16, 8, 3), ("leaky_relu", "tanh", "softmax"), loss="cross_entropy")
    check = check_gradients(step_of(made))
    lines = list(report_lines(check, width))
    ends: set[tuple[int, ...]] = set()
    for line in lines:
        if line.role == "right":
            numbers = line.text.removesuffix(line.words).rstrip()
            assert line.text.endswith("right")
            ends.add((len(numbers), line.text.index(line.words)))
        assert len(line.text) <= width
    assert len(ends) <= len(check.gradients)  # the columns of one table are as wide throughout
    assert sum(line.role == "title" for line in lines) == 6
