"""The first page's line that sets bptui up, on a machine that has nothing but Python."""

import os
import re
import site
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDED = ("ensurepip", "hatchling", "hatch_fancy_pypi_readme", "pip")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the line is one for bash and zsh"),
    pytest.mark.skipif(not all(map(find_spec, NEEDED)), reason="needs pip and what builds a wheel"),
]


def shell(line: str, home: Path, folder: Path, path: str, **variables: str) -> str:
    """Standard output of ``line`` with no environment but these."""
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-c", line],
        cwd=folder,
        env={"HOME": str(home), "PATH": path, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bptui_is_found_then_here_and_over_ssh(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    line, remembered = blocks[0].strip(), blocks[1].strip()
    home, programs = tmp_path / "home", tmp_path / "programs"
    home.mkdir()
    programs.mkdir()
    (programs / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    bare = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    # what pip would download is that of this environment
    offline = {
        "PIP_NO_DEPS": "1",
        "PIP_NO_COMPILE": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PYTHONPATH": os.pathsep.join(site.getsitepackages()),
    }
    printed = shell(f"{line} && {remembered} && command -v bptui", home, ROOT, bare, **offline)
    # without a terminal the app's numbers are printed
    assert "0.163287" in printed
    assert printed.splitlines()[-1] == f"{home}/.local/bin/bptui"

    told = "bptui, version"
    dependencies = {"PYTHONPATH": offline["PYTHONPATH"]}
    assert told in shell(". ~/.bashrc && bptui --version", home, tmp_path, bare, **dependencies)
    (over_ssh,) = re.findall(r"^ssh -t HOST (\S+)", README, re.MULTILINE)
    assert told in shell(f"{over_ssh} --version", home, home, "/usr/bin:/bin", **dependencies)
