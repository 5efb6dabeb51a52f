"""The commands of ``.ci/run``: checks, the README's test command, the oldest libraries."""

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
    *checks, tests, oldest = commands()[-len(CHECKS) - 2 :]
    assert checks == CHECKS
    assert "pytest" in tests
    assert oldest == "test_with_oldest_libraries"
