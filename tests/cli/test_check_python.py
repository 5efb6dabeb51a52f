"""``bptui check`` and interpreters: which one runs the code, and what is said of others."""

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bptui.check.running.interpreter import OWN, CannotStartError, interpreter_for
from bptui.check.running.process import CHILD

from ..check.right_code import RIGHT
from .support import bptui

CODE = """
import sys
import numpy as np
import course
import bptui
assert (course.HALF, bptui.WHOSE) == (0.5, "the environment's")
def gradients(x, t, weights):
    h = 1 / (1 + np.exp(-x @ weights[0]))
    o = 1 / (1 + np.exp(-h @ weights[1]))
    d = 2 * course.HALF * (o - t) * o * (1 - o) / len(x)
    return [x.T @ ((d @ weights[1].T) * h * (1 - h)), h.T @ d]
"""
LATE = "def gradients(x, t, weights):\n    from course import nothing\n"
TOO_OLD = """#!/bin/sh
exec {python} -c "
import runpy, sys
sys.version_info = (3, 8, 2, 'final', 0)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')
" "$@"
"""


def made(folder: Path, numpy: bool) -> Path:
    """A virtual environment with packages of its own, and nothing of bptui's but numpy."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    version = sysconfig.get_python_version()
    packages = folder / "lib" / f"python{version}" / "site-packages"
    (packages / "course.py").write_text("HALF = 0.5\n")
    (packages / "bptui.py").write_text('WHOSE = "the environment\'s"\n')
    beside = Path(np.__file__).parents[1]
    for each in ("numpy", "numpy.libs"):
        if numpy and (beside / each).exists():
            (packages / each).symlink_to(beside / each)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("with") / "env", numpy=True)


check = partial(bptui, "check")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    return file


@pytest.mark.parametrize("origin", ["VIRTUAL_ENV", "CONDA_PREFIX", "--python", ".venv"])
def test_the_environment_is_the_users(environment: Path, code: Path, origin: str) -> None:
    told, options, variables = origin, list[str](), dict[str, str]()
    python = environment / "bin" / "python"
    if origin == ".venv":
        (code.parent / ".venv").symlink_to(environment)
        python, told = code.parent / ".venv" / "bin" / "python", ".venv beside the file"
    elif origin == "--python":
        options = [origin, str(environment)]
    else:
        variables = {origin: str(environment)}
    done = check(str(code), *options, **variables)
    assert done.exit_code == 0, done.output
    assert f"python {python} ({told})" in " ".join(done.stdout.split())
    assert "gradients: right" in done.stdout


def test_the_first_environment_that_there_is_counts(tmp_path: Path) -> None:
    def pythons(folder: str) -> str:
        python = tmp_path / folder / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch(0o755)
        return str(python)

    file = tmp_path / "mine.py"
    own, conda, active, chosen = map(pythons, (".venv", "conda", "active", "chosen"))
    variables = {"CONDA_PREFIX": f"{tmp_path}/conda", "VIRTUAL_ENV": f"{tmp_path}/active"}
    assert interpreter_for(file, chosen, variables).path == chosen
    assert interpreter_for(file, None, variables).path == active
    assert interpreter_for(file, None, variables | {"VIRTUAL_ENV": ""}).path == conda
    assert interpreter_for(file, None, {}).path == own
    assert interpreter_for(tmp_path / "conda" / "mine.py", None, {}) == OWN
    assert interpreter_for(file, "sh", {}).path == shutil.which("sh")
    (tmp_path / ".venv" / "bin" / "python").unlink()
    with pytest.raises(CannotStartError, match="beside the file"):
        interpreter_for(file, None, {})


def test_bptui_in_the_active_environment_needs_no_word(code: Path) -> None:
    code.write_text(RIGHT["matrices, mean over the batch"][1])
    for python in (sys.prefix, sys.executable):
        assert "\npython " not in check(str(code), "--python", python).stdout


def test_an_import_that_fails_says_which_interpreter_it_was(environment: Path, code: Path) -> None:
    done = check(str(code))
    assert done.exit_code == 3
    assert "ModuleNotFoundError: No module named 'course'" in done.stderr
    assert f"It was run with {sys.executable} (bptui's own); activate an environment" in done.stderr
    done = check(str(code), "--format", "json")
    assert f"It was run with {sys.executable}" in json.loads(done.stdout)["reason"]
    # the same where the import is in a function
    code.write_text(LATE)
    done = check(str(code), VIRTUAL_ENV=str(environment))
    assert done.exit_code == 3
    said = " ".join(done.stdout.split())
    assert "ImportError: cannot import name 'nothing'" in said
    assert f"It was run with {environment}/bin/python (VIRTUAL_ENV); use --python PATH" in said
    assert f"bptui's own {sys.executable}." in said


def test_an_interpreter_that_does_not_do_is_refused_with_the_reason(
    tmp_path: Path, code: Path
) -> None:
    bare, old = made(tmp_path / "bare", numpy=False), tmp_path / "old"
    old.write_text(TOO_OLD.format(python=sys.executable))
    old.chmod(0o755)
    for given, reason in (
        (str(bare), f"{bare}/bin/python (--python): it cannot import numpy: No module named"),
        (str(old), f"{old} (--python): it is Python 3.8.2; checking needs 3.10 or newer"),
        (str(tmp_path), f"{tmp_path} (--python): there is no Python"),
        (str(code), f"{code} (--python): there is no Python"),
        ("no-such-python", "no-such-python (--python): there is no Python"),
        ("", "(--python): there is no Python"),
        ("true", "/true (--python): it does not start like Python"),
    ):
        done = check(str(code), "--python", given)
        assert (done.exit_code, done.stdout) == (2, "")
        assert reason in done.stderr
        assert (
            f"; use --python PATH for another one, such as bptui's own {OWN.path}\n" in done.stderr
        )
    done = check(str(code), VIRTUAL_ENV=f"{tmp_path}/deleted", CONDA_PREFIX=str(bare))
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{tmp_path}/deleted (VIRTUAL_ENV): there is no Python" in done.stderr


def test_what_runs_in_the_users_interpreter_is_written_for_old_ones() -> None:
    ast.parse(CHILD.read_text(), feature_version=(3, 7))
    assert os.access(CHILD, os.R_OK)
