"""``bptui export``: programs that run without bptui, presets that load anywhere."""

import json
from functools import partial
from pathlib import Path

import pytest

from bptui.presets.files import load
from bptui.presets.save import same_experiment

from ..processes import python
from .support import bptui, printed

OWN = """
title = "Mine" # a comment
[network]
layers = [2, 1]
[data]
csv = "t.csv"
target_columns = ["y"]
standardize = true
test_fraction = 0.4
"""


export = partial(bptui, "export")


def test_an_exported_file_runs_without_bptui_and_prints_what_run_prints(tmp_path: Path) -> None:
    file = tmp_path / "xor.py"
    result = export("xor", "--to", "numpy", "-o", str(file))
    assert (result.exit_code, result.output) == (0, "")
    hidden = f"import sys, runpy; sys.modules['bptui'] = None; runpy.run_path({str(file)!r})"
    run = python("-c", hidden, cwd=tmp_path)
    assert run.stderr == ""
    losses = {int(line.split()[1]): line.split()[3] for line in run.stdout.splitlines()}
    shown = printed("run", "xor", "--format", "jsonl", "--every", "100")
    records = [json.loads(line) for line in shown.splitlines()]
    assert list(losses) == [each["step"] for each in records]
    for each in records:
        assert float(losses[each["step"]]) == pytest.approx(each["loss"], rel=1e-12)


def test_samples_of_a_csv_file_are_written_out(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file = tmp_path / "mine.toml"
    (tmp_path / "t.csv").write_text("a,b,y\n1,2,0.5\n3,-4,0.25\n0.1,1e3,1\n2,2,0\n9,0.1,0.75\n")
    file.write_text(OWN)
    out = tmp_path / "there" / "out.toml"
    assert export(str(file), "--to", "toml", "-o", str(out)).exit_code == 0
    assert 'title = "Mine" # a comment' in out.read_text()
    assert same_experiment(load(str(out)), load(str(file)))
    result = export(str(file), "--to", "numpy")
    assert result.exit_code == 0
    assert "# Inputs: a, b\n" in result.stdout


def test_a_program_gets_its_own_arguments(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "import sys\nimport numpy as np\n\nw = np.full(int(sys.argv[1]), 0.5)\n"
        "for _ in range(3):\n    loss = (w**2).sum()\n    w -= 0.1 * 2 * w\n"
    )
    assert "d_w = " in printed("export", str(file), "--to", "numpy", "--", "3")
    assert bptui("export", str(file), "--to", "numpy").exit_code == 2
