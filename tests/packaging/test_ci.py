"""The commands of ``.ci/run``: the README's test command, word for word, and all the checks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECKS = ["ruff check", "ruff format --check", "mypy", "lint-imports"]


def commands() -> list[str]:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", " "))]


def test_the_readme_says_how_ci_tests() -> None:
    (command,) = (line for line in commands() if "pytest" in line)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE))
    parts = [part.strip() for line in blocks.splitlines() for part in line.split("&&")]
    assert command in parts, f"no code block of the README has the command {command!r}"


def test_all_checks_come_before_the_tests() -> None:
    assert commands()[-len(CHECKS) - 1 : -1] == CHECKS
    assert "pytest" in commands()[-1]
