"""``bptui gradcheck``: verdicts and exit codes."""

import re
from functools import partial

from .support import bptui

NETWORK = """
title = "A unit \\u001b[31mon its kink"
[network]
layers = [2, 2, 1]
activation = ["relu", "identity"]
bias = false
[parameters]
weights = [[[1.0, 0.5], [-1.0, 0.3]], [[1.0], [2.0]]]
[training]
learning_rate = {rate}
mistakes = [{mistakes}]
[data]
inputs = [[1.0, 1.0]]
targets = [[0.5]]
"""


gradcheck = partial(bptui, "gradcheck")


def network(rate: str = "0.1", mistakes: str = "") -> str:
    return NETWORK.format(rate=rate, mistakes=mistakes)


def row(text: str, name: str) -> list[str]:
    """The numbers and the first word of the verdict on one parameter."""
    found = re.search(rf"^  {name} +(\S+) +(\S+) +(\S+) +(\S+)  (\w+)", text, re.MULTILINE)
    assert found is not None, text
    return [*found.groups()]


def test_a_published_program_with_its_mistakes() -> None:
    result = gradcheck("article-listing-1", "--step", "0")
    assert (result.exit_code, result.stderr) == (1, "")
    text = result.stdout
    number = "+0.0047561312"
    assert row(text, "w1") == ["+0.0040900090", number, number, "1.4e-01", "wrong"]
    assert [row(text, f"w{weight}")[-1] for weight in range(5, 9)] == ["right"] * 4
    assert "4 of 8 gradients are wrong.\nWrong from dL/dout_h on: transposed-weights.\n" in text
    assert "the gradient of W2 is never applied: frozen-last-layer" in text
    assert "  dL/dout_h  wrong from here on: transposed-weights" in text


def test_a_kink_has_two_one_sided_derivatives() -> None:
    result = gradcheck("-", stdin=network())
    assert result.exit_code == 0
    assert "w1: not differentiable here: 0 from the left, 1.1 from the right" in result.stdout
    assert row(result.stdout, "w1")[-1] == "not"
    assert row(result.stdout, "w3")[-1] == "right"
    assert "2 of 6 gradients are not differentiable here" in result.stdout
    assert "\x1b" not in result.stdout


def test_what_diverged_cannot_be_checked() -> None:
    result = gradcheck("-", "--step", "9", stdin=network("1e200", '"wrong-sign"'))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "training diverged" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_of_large_matrices_those_to_look_at_first_are_written() -> None:
    done = gradcheck("spirals")
    assert done.exit_code == 0
    assert "All 371 gradients are right" in done.stdout
    assert "… more like these: 248 right" in done.stdout
