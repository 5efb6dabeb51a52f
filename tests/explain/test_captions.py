"""What is said of an operation is true, of mistaken ones too."""

import itertools

import pytest

from bptui.core.experiment import Experiment
from bptui.core.mistakes import CONTRADICTORY, MISTAKES
from bptui.core.network import Names
from bptui.explain.captions import captions
from bptui.explain.explain import Explainer, corrected, without_mistakes
from bptui.explain.expression import Scope
from bptui.presets.files import load
from bptui.presets.folders import shipped_names

from ..core.support import experiment
from ..explained.drawn import kept
from .support import last, statements, steps

ROOM = 3 * 78
"""Characters: three lines of a terminal with 80 columns."""
EXPERIMENTS = [
    made
    for made in kept()
    # of a single unit softmax makes 1, whatever else there is
    if (made.network.layers[-1], made.network.activations[-1]) != (1, "softmax")
]


@pytest.mark.parametrize("made", EXPERIMENTS, ids=lambda made: made.name)
def test_an_operation_gives_what_its_caption_says(made: Experiment) -> None:
    """Where it is said to be right its numbers are those without mistakes, and only there."""
    shipped, wrong, differing = made.name in shipped_names(), set[str](), set[str]()
    for snapshot in steps(made, 3):
        right = Scope.of(corrected(snapshot, without_mistakes(made)))
        own, said = Scope.of(snapshot), captions(made, len(snapshot.batch))
        assert list(said) == [operation.name for operation in snapshot.operations]
        for operation in snapshot.operations:
            caption = said[operation.name]
            fits = len(f"12/12 {operation.name}: {caption.text}.") <= ROOM
            assert fits or (len(made.training.mistakes) > 1 and not shipped)
            if operation.stage != "backward":
                continue
            if caption.verdict == "right":
                assert caption.what.startswith("how much ")
                assert caption.what.endswith(" matters to the loss")
            else:
                assert caption.what.endswith("comes out wrong")
            wrong |= {operation.name} if caption.verdict != "right" else set()
            for name in operation.writes:
                first, second = own.array(name), right.array(name)
                if abs(first - second).max() > 1e-9 * abs(second).max():
                    differing.add(operation.name)
    assert wrong == differing


def test_a_layer_is_called_what_the_article_and_the_names_of_layers_call_it() -> None:
    said = captions(load("article"), 1)
    assert said["delta_o"].what == "how much net_o matters to the loss"
    how = "dL/dnet_h, which is dL/dout_h times the slope of sigmoid, out_h * (1 - out_h)"
    assert said["delta_h"].how == how
    deep, names = captions(load("spirals"), 30), Names((2, 16, 16, 3))
    for layer in (1, 2):
        assert f"hidden layer {layer}" in deep[names.net(layer)].what
        assert names.delta(layer + 1) in deep[names.out_gradient(layer)].how
    assert "because" in deep[names.delta(3)].how


@pytest.mark.parametrize(
    "pair", sorted({*itertools.combinations(MISTAKES, 2)} - {*CONTRADICTORY}), ids=" ".join
)
def test_the_correct_side_is_a_step_without_mistakes(pair: tuple[str, str]) -> None:
    """From the same state, whatever is made together; the mistaken side is the engine's."""
    snapshot = last(experiment((2, 2, 2), "sigmoid", samples=2, mistakes=pair))
    explainer = Explainer(snapshot)
    right = corrected(snapshot, without_mistakes(snapshot.experiment))
    assert not right.experiment.training.mistakes
    for name in ("gW1", "gb1", "gW2", "gb2", "W1", "W2", "b1", "b2"):
        for each in (one for one in statements(explainer.explain(name)) if one.correct):
            for side, step in zip(each.sides.values(), (snapshot, right), strict=True):
                array = Scope.of(step).array(side.left.name, side.left.new)
                assert side.value == pytest.approx(float(array[side.left.index]), rel=1e-12)
