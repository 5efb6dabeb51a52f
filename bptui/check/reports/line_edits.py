"""What differs between two lines of code, and an edit in the words of who wrote the line."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Sequence

TOKEN = re.compile(r"[\w.]+|\S")
Span = tuple[int, int]


def apart(old: str, new: str) -> list[tuple[Span, Span]]:
    """Return from where to where two lines differ, in whole words: what is gone, and what came."""
    one, other = _tokens(old), _tokens(new)
    changes = _matched(old, new).get_opcodes()
    return [
        (_span(one, a, b), _span(other, c, d)) for kind, a, b, c, d in changes if kind != "equal"
    ]


def _span(words: Sequence[Span], first: int, end: int) -> Span:
    """Return from where to where some words go; of none where they are missing."""
    if first < end:
        return words[first][0], words[end - 1][1]
    return (words[first - 1][1],) * 2 if first else (0, 0)


def difference(old: str, new: str) -> str:
    """Return what differs between two lines, in short: ``error -> d2``."""
    parts = ((old[slice(*gone)], new[slice(*came)]) for gone, came in apart(old, new))
    return "; ".join(f"{gone or 'nothing'} -> {came or 'nothing'}" for gone, came in parts)


def kept(own: str, whole: str, new: str) -> str:
    """Return an edited statement with the blanks, brackets and quotes of who wrote it.

    ``own`` is the statement as it stands, ``whole`` the same as Python's ``ast`` writes it, ``new``
    the edited one as that writes it: what comes back where nothing can be kept.
    """
    if own == whole:
        return new
    made, text = [(0, 0), *_tokens(new), (len(new), len(new))], own
    spans = [(0, 0), *_tokens(own), (len(own), len(own))]
    at = _places(whole, own)
    for kind, a, b, c, d in reversed(_matched(whole, new).get_opcodes()):
        if kind == "equal":
            continue
        if not at.keys() >= {a, b, a + 1, b + 1}:
            return new
        came = new[made[c + 1][0] : made[d][1]] if c < d else ""
        start, end = spans[at[a]][1], spans[at[b + 1]][0]
        if kind == "replace":
            start, end = spans[at[a + 1]][0], spans[at[b]][1]
        elif kind == "delete":
            between = new[made[c][1] : made[d + 1][0]]
            came = own[start : spans[at[a + 1]][0]] if between else ""
        elif came[0] not in ")]" and came[-1] not in "([":
            came = new[made[c][1] : made[d + 1][0]]
            end = start if own[start:end].strip() else end
        elif came[0] in ")]":
            end = start
        else:
            start = end
        text = text[:start] + came + text[end:]
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(new))
    except SyntaxError:
        same = False
    return text if same else new


def _places(whole: str, own: str) -> dict[int, int]:
    """Return which words of a line are which as it stands; both ends are words, too."""
    found = {0: 0, len(_tokens(whole)) + 1: len(_tokens(own)) + 1}
    for _, a, b, c, d in _matched(whole, own).get_opcodes():
        if b - a == d - c:
            found |= {a + k + 1: c + k + 1 for k in range(b - a)}
    return found


def _tokens(code: str) -> list[Span]:
    return [match.span() for match in TOKEN.finditer(code)]


def _matched(one: str, other: str) -> difflib.SequenceMatcher[str]:
    return difflib.SequenceMatcher(None, TOKEN.findall(one), TOKEN.findall(other), autojunk=False)
