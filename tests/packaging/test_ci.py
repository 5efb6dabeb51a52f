"""What is declared, and the commands of ``.ci/run``: the README's, old processors and libraries."""

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_readme_says_how_ci_tests() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    (command,) = (line for line in lines if line[:1].strip("# ") and "pytest" in line)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE))
    parts = [part.strip() for line in blocks.splitlines() for part in line.split("&&")]
    assert command in parts, f"no code block of the README has the command {command!r}"


def test_the_tests_that_ci_names_exist() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    named = re.findall(r"(?<!=')\btests/[\w/.*{},]+", text)
    assert len(named) > 8
    for path in named:
        start, names, end = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", path).groups()
        for name in (names or "").split(","):
            assert [*ROOT.glob(f"{start}{name}{end}")], f"{start}{name}{end}"


def test_what_is_imported_is_declared() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        lines = tomllib.load(file)["project"]["dependencies"]
    imported: set[str] = set()
    for path in (ROOT / "bptui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                imported |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    others = imported - {"bptui"} - sys.stdlib_module_names
    assert others == {re.split(r"[<>=!]", line)[0] for line in lines}
