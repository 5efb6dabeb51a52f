"""The wheel and the sdist: what is in them, and that the program runs from any folder."""

import re
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib.util import find_spec
from pathlib import Path

import pytest

from bptui.help import TOPICS

from ..processes import python

ROOT = Path(__file__).parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")

pytestmark = [
    pytest.mark.skipif(
        find_spec("hatchling") is None or find_spec("hatch_fancy_pypi_readme") is None,
        reason="needs hatchling and hatch-fancy-pypi-readme to build a wheel",
    ),
    pytest.mark.skipif(find_spec("pip") is None, reason="needs pip to build and install a wheel"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    python(*PIP, "wheel", *options, str(ROOT), cwd=folder, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


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
    options = ("build", "-t", "sdist", "-d", str(tmp_path))
    python("-m", "hatchling", *options, cwd=ROOT, check=True)
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
