"""``bptui check`` on programs of several files: lines are told with the file that they are in."""

import json
from pathlib import Path

import pytest

from .support import bptui

LAYERS = '''\
"""A layer that keeps what it was given."""
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Dense:
    def __init__(self, inputs, outputs, rng):
        self.W = rng.normal(0, 0.5, (inputs, outputs))
        self.b = np.zeros(outputs)

    def forward(self, x):
        self.x = x
        self.out = sigmoid(x @ self.W + self.b)
        return self.out

    def backward(self, grad):
        delta = grad * self.out * (1 - self.out)
        self.gW = self.x.T @ delta
        self.gb = delta.sum(axis=0)
        return delta @ self.W.T

    def update(self, rate):
        self.W -= rate * self.gW
        self.b -= rate * self.gb
'''
TRAIN = """\
import numpy as np
from {module} import Dense

rng = np.random.default_rng(0)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([[0], [1], [1], [0]], dtype=float)
layers = [Dense(2, 3, rng), Dense(3, 1, rng)]
for epoch in range(50):
    out = X
    for layer in layers:
        out = layer.forward(out)
    loss = np.mean((out - y) ** 2)
    grad = 2 * (out - y) / y.size
    for layer in reversed(layers):
        grad = layer.backward(grad)
    for layer in layers:
        layer.update(0.5)
"""
OWN = """\
import numpy as np
from helper import slope


def gradients(x, t, weights):
    h = 1 / (1 + np.exp(-x @ weights[0]))
    o = 1 / (1 + np.exp(-h @ weights[1]))
    d = (o - t) * slope(o)
    return [x.T @ (d @ weights[1].T * slope(h)), h.T @ d]
"""
SLOPE = "grad * self.out * (1 - self.out)"


def written(folder: Path, slope: str = SLOPE, module: str = "layers") -> Path:
    """Write the two files, and return the one that trains."""
    file, other = folder / "train.py", folder / f"{module.replace('.', '/')}.py"
    other.parent.mkdir(exist_ok=True)
    other.write_text(LAYERS.replace(SLOPE, slope))
    file.write_text(TRAIN.format(module=module))
    return file


def test_lines_of_a_module_have_verdicts_below_its_name(tmp_path: Path) -> None:
    result = bptui("check", str(written(tmp_path)))
    assert result.exit_code == 0
    rows = result.output.splitlines()
    assert any("self.W  2 x 3  updated in layers.py, line 26" in row for row in rows)
    own, name, *others = rows[rows.index("The backward pass, line by line") + 1 :][:8]
    assert own.startswith("    13  grad = 2 * (out - y) / y.size")
    assert name == "  layers.py"
    assert [row.split()[0] for row in others] == ["20", "21", "22", "23", "26", "27"]


@pytest.mark.parametrize(
    ("module", "slope", "mended"),
    [
        ("layers", "grad * self.out * self.out", "grad * (1 - self.out) * self.out"),
        ("net.layers", "grad * self.out", "grad * self.out * (1 - self.out)"),
        ("string", "grad * self.out", "grad * self.out * (1 - self.out)"),  # Python has one, too
    ],
)
def test_the_wrong_line_of_a_module_is_told_and_mended(
    tmp_path: Path, module: str, slope: str, mended: str
) -> None:
    """All layers share it: each reads its own values, of which another has some by other names."""
    file = written(tmp_path, slope, module)
    name = f"{module.replace('.', '/')}.py"
    result = bptui("check", str(file), "--format", "json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    wrong = [line for line in told["lines"] if line["verdict"] == "wrong"]
    assert [(line.get("file"), line["line"]) for line in wrong] == [(name, 20)]
    assert wrong[0]["should_be"] == f"delta = {mended}"
    assert told["first_wrong_lines"] == []  # of the checked file
    assert told["loss"]["line"] == 12
    assert "file" not in told["loss"]  # it is in the checked one
    assert [one["shape"] for one in told["parameters"]] == [[2, 3], [3], [3, 1], [1]]
    output = bptui("check", str(file)).output
    assert f"  file         {name}\n  line 20      delta = {slope}\n" in output


def test_attributes_stand_only_where_there_is_self(tmp_path: Path) -> None:
    file = written(tmp_path, "grad * slope(self.out)")
    layers = tmp_path / "layers.py"
    layers.write_text(f"def slope(a): return a * (2 - a)\n{layers.read_text()}")
    output = bptui("check", str(file)).output
    assert "line 1       return a * (2 - a)\n" in output
    assert "should be    return a * (1 - a)\n" in output


def test_no_name_of_another_file_is_put_into_a_line(tmp_path: Path) -> None:
    """It would be the smallest edit: the module has no such name."""
    file = written(tmp_path, "grad * self.out * (2 - self.out)")
    file.write_text(file.read_text().replace("layers = [", "two = np.ones((4, 1))\nlayers = ["))
    output = bptui("check", str(file)).output
    assert "two" not in output.partition("should be")[2]


def test_a_module_in_another_encoding_is_read_as_python_does(tmp_path: Path) -> None:
    file = written(tmp_path, "grad * self.out")
    text = "# -*- coding: latin-1 -*-\n# déjà vu\n" + LAYERS.replace(SLOPE, "grad * self.out")
    (tmp_path / "layers.py").write_bytes(text.encode("latin-1"))
    assert "line 22      delta = grad * self.out\n" in bptui("check", str(file)).output


def test_an_exported_backward_pass_names_the_files(tmp_path: Path) -> None:
    output = bptui("export", str(written(tmp_path)), "--to", "numpy").output
    assert "goes through sigmoid (layers.py, line 6)" in output
    assert "of the loss in line 12" in output


@pytest.mark.parametrize(
    ("program", "module", "statement"),
    [
        ("examples/xor.py", "nn/layers.py", "from nn.layers import Dense"),
        ("net/train.py", "net/layers.py", "from .layers import Dense"),
        ("net/train.py", "net/layers.py", "from net.layers import Dense"),
        ("train.py", "lib/layers.py", "from layers import Dense"),
    ],
)
def test_modules_are_found_where_the_project_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, module: str, statement: str
) -> None:
    """From its root, as a part of a package, or on a path that is told from here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "lib")  # which a Python reads that begins
    monkeypatch.setattr("bptui.check.running.process.is_alike", lambda python, file: False)
    for name, text in ((program, TRAIN), (module, LAYERS.replace(SLOPE, "grad * self.out"))):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text.replace("from {module} import Dense", statement))
    assert "line 20      delta = grad * self.out\n" in bptui("check", program).output


def test_the_calls_that_led_to_an_error_are_told_through_all_files(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def delta(x):\n    return x.error\n", encoding="utf-8")
    own = "from helper import delta\nimport os\ntype = range = None\n"
    own += "def within(x):\n    return delta(x)\ndef gradients(x, t, weights):\n    {}\n"
    for statement, said in (
        (
            "return within(x)",
            "  own.py, line 7, in gradients\n    return within(x)\n"
            "  own.py, line 5, in within\n    return delta(x)\n"
            "  helper.py, line 2, in delta\n    return x.error\n",
        ),
        ("raise KeyboardInterrupt", "raises KeyboardInterrupt (line 7)"),
        ("os._exit(3)", "ends the program with os._exit(3)"),
        ("raise SystemExit(3)", "ends the program with sys.exit(3) (line 7)"),
    ):
        (tmp_path / "own.py").write_text(own.format(statement), encoding="utf-8")
        made = bptui("check", str(tmp_path / "own.py"))
        assert (made.exit_code, said in made.output) == (3, True), made.output


def test_functions_are_told_with_the_files_that_they_compute_in(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("\n\ndef slope(a):\n    return a * (1 + a)\n")
    (tmp_path / "own.py").write_text(OWN)
    done = bptui("check", str(tmp_path / "own.py"), "--format", "json")
    told = json.loads(done.output)
    wrong = [line for line in told["lines"] if line["verdict"] == "wrong" and line["line"]]
    assert [(line["file"], line["line"]) for line in wrong] == [("helper.py", 4)]
    assert told["reason"].startswith("gradients: helper.py, line 4")
