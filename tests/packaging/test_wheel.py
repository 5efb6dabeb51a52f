"""The wheel and the sdist: what is in them, and that the program runs from any folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib.util import find_spec
from pathlib import Path

import pytest

from bptui.help import TOPICS

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]

pytestmark = [
    pytest.mark.skipif(
        find_spec("hatchling") is None or find_spec("hatch_fancy_pypi_readme") is None,
        reason="needs hatchling and hatch-fancy-pypi-readme to build a wheel",
    ),
    pytest.mark.skipif(find_spec("pip") is None, reason="needs pip to build and install a wheel"),
]


def run(command: list[str], folder: Path, **variables: str) -> str:
    """Standard output of ``command``, which must succeed, in ``folder``."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    run([*PIP, "wheel", *options, str(ROOT)], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package; what it depends on is that of this environment."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--target", str(folder)]
    run([*PIP, "install", *options, str(wheel)], folder)
    return folder


def test_it_holds_what_the_checkout_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if name.startswith("bptui/")}
    expected = {f"bptui/shipped/{file.name}" for file in (ROOT / "presets").iterdir()}
    expected |= files_of_the_checkout("bptui")
    assert found == expected
    assert {"bptui/shipped/iris.csv", "bptui/shipped/article.toml", "bptui/app/app.tcss"} <= found


def files_of_the_checkout(*folders: str) -> set[str]:
    files = (file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file())
    return {
        file.relative_to(ROOT).as_posix() for file in files if file.parent.name != "__pycache__"
    }


def test_the_sdist_holds_what_the_checkout_holds(tmp_path: Path) -> None:
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)], ROOT)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    top = {".ci/run", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile"}
    top |= {"README.md", "pyproject.toml"}
    assert found == {"PKG-INFO", *top, *files_of_the_checkout("bptui", "presets", "tests")}


def test_a_package_index_gets_no_link_that_leads_nowhere(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert [link for link in links if not link.startswith("https://")] == []
    assert "<img" not in text
    for topic in TOPICS:
        assert f"`bptui help {topic}`" in text


def test_the_installed_copy_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    def run_installed(*arguments: str) -> str:
        return run([sys.executable, *arguments], tmp_path, PYTHONPATH=str(installed))

    program = "from bptui.presets.folders import shipped_folder\nprint(shipped_folder())"
    assert run_installed("-c", program).strip() == str(installed / "bptui" / "shipped")
    printed = run_installed(*["-m", "bptui", "run", "article", "--steps", "1", "--format", "jsonl"])
    losses = [json.loads(line)["loss"] for line in printed.splitlines()]
    assert losses == pytest.approx([0.16328681495493247, 0.15792065956499146], rel=1e-12)
