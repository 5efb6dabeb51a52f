"""Parameters that are not trained, by a switch or by a mistake: called frozen, with the reason."""

from pathlib import Path

import pytest

from bptui.presets.files import loads

from ..export.test_programs import assert_prints_losses_of
from .support import bptui

PRESET = """
[network]
layers = [2, 2, 2]
bias = {bias}
[training]
optimizer = "{optimizer}"
learning_rate = 0.5
steps = 40
{switches}
[data]
inputs = [[0.9, 0.1], [0.2, 0.7]]
targets = [[0.11, 0.89], [0.6, 0.3]]
"""


def preset(switches: str, bias: bool = False, optimizer: str = "sgd") -> str:
    return PRESET.format(bias=str(bias).lower(), optimizer=optimizer, switches=switches)


NOTHING = preset("train_weights = false")
NOTHING_OF_ADAM = preset("train_weights = [false, false]\ntrain_biases = false", True, "adam")
SOME = preset("train_weights = [false, true]\ntrain_biases = [true, false]", True, "momentum")
MISTAKEN = preset("mistakes = ['frozen-first-layer', 'updated-weights']", True)
BOTH = preset("train_biases = false\nmistakes = ['bias-not-updated']", True)
CASES = {
    "nothing": (NOTHING, "W1, W2 (train_weights = false)"),
    "nothing of adam": (
        NOTHING_OF_ADAM,
        "W1 (train_weights[0] = false); b1, b2 (train_biases = false); "
        "W2 (train_weights[1] = false)",
    ),
    "some": (SOME, "W1 (train_weights[0] = false); b2 (train_biases[1] = false)"),
    "mistake": (MISTAKEN, "W1, b1 (the mistake frozen-first-layer)"),
    "switch and mistake": (BOTH, "b1, b2 (train_biases = false)"),
}
EACH = pytest.mark.parametrize(("text", "told"), CASES.values(), ids=CASES)


def reasons(told: str) -> list[str]:
    return [each.split(")")[0] for each in told.split("(")[1:]]


def joined(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


@EACH
def test_the_gradient_check_says_it_of_each_gradient(text: str, told: str) -> None:
    done = bptui("gradcheck", "-", stdin=text)
    assert done.exit_code == int("mistake" in told)
    assert f"frozen {told}" in joined(done.stdout)
    for reason in reasons(told):
        assert f"--\n  frozen: {reason}\n" in done.stdout


@EACH
def test_programs_say_it_and_train_what_the_preset_trains(text: str, told: str) -> None:
    done = bptui("export", "-", "--to", "numpy", stdin=text)
    assert done.exit_code == 0
    assert f"frozen {told}" in joined(done.stdout)
    for group in told.split("; "):
        names, _, reason = group.rstrip(")").partition(" (")
        for name in names.split(", "):
            line = f"# {name} is frozen: {reason}\n"
            if "mistake" in reason:
                line = f"# MISTAKE {reason.split()[-1]}; missing here:\n    # {name} -="
            assert line in done.stdout
    assert_prints_losses_of(loads(text, "stdin", Path.cwd()), done.stdout, 1e-12)
    torch = bptui("export", "-", "--to", "torch", stdin=text)
    if "mistakes" not in text:
        assert torch.exit_code == 0
        assert joined(torch.stdout.replace("#", "")).count(f"frozen: {told}") == 1
