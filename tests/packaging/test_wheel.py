"""The wheel and the sdist: what is in them, and that the program runs from any folder."""

import re
import tarfile
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path

import pytest

from bptui.help import TOPICS

from ..processes import python

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    find_spec("hatchling") is None or find_spec("hatch_fancy_pypi_readme") is None,
    reason="needs hatchling and hatch-fancy-pypi-readme to build a wheel",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    python("-m", "hatchling", "build", "-d", str(folder), cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    (file,) = built.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        yield archive


def test_it_holds_what_the_checkout_holds(wheel: zipfile.ZipFile) -> None:
    found = {name for name in wheel.namelist() if name.startswith("bptui/")}
    expected = {f"bptui/shipped/{file.name}" for file in (ROOT / "presets").iterdir()}
    expected |= files_of_the_checkout("bptui")
    assert found == expected
    assert {"bptui/shipped/iris.csv", "bptui/shipped/article.toml", "bptui/app/app.tcss"} <= found


def files_of_the_checkout(*folders: str) -> set[str]:
    files = (file for folder in folders for file in (ROOT / folder).rglob("*") if file.is_file())
    return {
        file.relative_to(ROOT).as_posix() for file in files if file.parent.name != "__pycache__"
    }


def test_the_sdist_holds_what_the_checkout_holds(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}
    top = {".ci/run", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile"}
    top |= {"README.md", "pyproject.toml"}
    assert found == {"PKG-INFO", *top, *files_of_the_checkout("bptui", "presets", "tests")}


def test_a_package_index_gets_no_link_that_leads_nowhere(wheel: zipfile.ZipFile) -> None:
    (name,) = (each for each in wheel.namelist() if each.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    text = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert [link for link in links if not link.startswith("https://")] == []
    assert "<img" not in text
    for topic in TOPICS:
        assert f"`bptui help {topic}`" in text
