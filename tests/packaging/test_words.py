"""What users read is plain English: phrases that have crept in before do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHRASES = {
    r"\banew\b": "again",
    r"\bloss by (the|its|them)\b": "with respect to",
    r"(?<!there )\bis no (number|whole number|name|column|file|ordinary)": "not a ...",
    r"\btakes? (it |the last change )?back\b": "undo",
    r"\bmade up\b": "generated",
    r"\bkept back\b|\bfor testing\b": "test samples",
    r"\b(one|row|line|number|page) a (layer|row|sample|step|topic|unit)\b": "per",
    r"\bis told\b|\bby which\b|\bput in\b": "a plainer sentence",
    r"\b(stands?|standing) (alone|beside|where)\b": "a plainer sentence",
    r"\badded up\b": "summed",
    r"\bback-propagat": "backpropagat...",
    r"\bslips?\b": "mistakes",
    r"\b(enter|esc) (closes|cancels|chooses|goes|leaves|opens|saves|writes|stops)\b": (
        "enter: go, esc: close"
    ),
    r"Gradient check\b|\bthe gradient check\b": "gradcheck",
    r"\bshown step\b": "current step",
}
"""Patterns that nothing a user reads may contain, and what to write instead."""


def literals(file: Path) -> Iterator[str]:
    """The strings of a module, without docstrings and those that document an attribute."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    alone = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield " ".join(node.value.split())


@cache
def texts() -> list[tuple[str, str]]:
    """Everything that users read, with the file it is in."""
    return [*_texts()]


def _texts() -> Iterator[tuple[str, str]]:
    for file in sorted(ROOT.glob("bptui/**/*.py")):
        for text in literals(file):
            yield file.relative_to(ROOT).as_posix(), text
    for pattern in ("bptui/help/*.md", "presets/*.toml", "README.md", "CHANGELOG.md"):
        for file in sorted(ROOT.glob(pattern)):
            yield file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")


@pytest.mark.parametrize("pattern", PHRASES)
def test_phrases_that_nobody_would_write(pattern: str) -> None:
    found = [
        f"{file}: {text[max(hit.start() - 30, 0) : hit.end() + 30]!r}"
        for file, text in texts()
        for hit in re.finditer(pattern, text)
    ]
    assert not found, f"{PHRASES[pattern]}: {found}"
