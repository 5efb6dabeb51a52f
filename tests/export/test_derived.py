"""The backward pass of somebody's program, written from its forward pass."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from bptui.export.derived import BackwardPass, NotWrittenError
from bptui.program import cli
from bptui.trace.source import ONE_FILE
from tests.cli.test_check_program import CALL, CLASS
from tests.trace.support import Judged

REFUSED = {"conv1d_signals.py", "neurons_as_dicts.py", "plain_python_lists.py"}
NET = """\
import numpy as np

rng = np.random.default_rng(2)
x, t = rng.normal(size=(5, 3)), rng.uniform(size=(5, 2))


class Net:
    def __init__(self):
        self.W1, self.b1 = rng.normal(size=(3, 4)), np.zeros(4)
        self.W2, self.b2 = rng.normal(size=(4, 2)), np.zeros(2)

    def step(self, x, t):
        self.h = np.tanh(x @ self.W1 + self.b1)
        out = 1 / (1 + np.exp(-(self.h @ self.W2 + self.b2)))
        loss = np.mean((out - t) ** 2)
        # every gradient is wrong, as a beginner may have them
        self.W2 -= 0.1 * self.h.T @ (out - t)
        self.b2 -= 0.1 * (out - t).mean(axis=0)
        self.W1 -= 0.1 * x.T @ ((out - t) @ self.W2.T)
        self.b1 -= 0.1 * ((out - t) @ self.W2.T).mean(axis=0)
        return loss


Net().step(x, t)
"""


def names(program: Judged) -> dict[int, str]:
    bindings = reversed(program.recorder.bindings)
    return {b.entry: b.name for b in bindings if not b.name.startswith("return ")}


def check_written(program: Judged, name: str) -> None:
    """Write the backward pass of a right program; tests/trace/test_verdicts.py has them all."""
    backward = BackwardPass(program.verdict.lines, names(program), ONE_FILE.told)
    if name in REFUSED:
        with pytest.raises(NotWrittenError, match=r"loop|number by number"):
            backward.text()
        return
    text = backward.text()  # which is compared with the true gradients before it is given
    known: dict[str, object] = {}
    exec(text, known)
    assert callable(known["gradients"])
    assert max(map(len, text.splitlines())) <= 112


def test_a_class_with_wrong_gradients(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(NET)
    done = CliRunner().invoke(cli, ["export", str(file), "--to", "numpy"])
    assert done.exit_code == 0, done.output
    assert "h is self.h" in done.stdout
    rows = [row.strip() for row in done.stdout.splitlines()]
    assert rows[0] == "def gradients(x, t, W2, h, out):"
    assert "d_out = 2 * (out - t) / t.size" in rows
    assert "d_W1 = x.T @ d_net_h" in rows
    assert "# b1 is added to all samples (line 13): the sum over them" in rows


def test_other_formats_and_what_trains_nothing(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(CLASS)
    for arguments, code, said in (
        (["torch"], 2, "only numpy"),
        (["numpy"], 2, "--call"),
        (["numpy", "--call", CALL], 0, ""),
    ):
        done = CliRunner().invoke(cli, ["export", str(file), "--to", *arguments])
        assert (done.exit_code, done.stdout == "") == (code, code == 2)
        assert said in done.stderr
