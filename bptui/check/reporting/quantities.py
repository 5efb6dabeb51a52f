"""The table of a report: each quantity right, wrong, following from another, or not given."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from math import isfinite, log10

from bptui.check.diagnosis.findings import Finding, Ratio
from bptui.explain.printer import number

_WORDS = {
    "right": "right",
    "convention": "right",
    "wrong": "WRONG",
    "follows": "follows",
    "not given": "not given",
}
DIGITS = 7
NEARLY = 1e-3
"""Errors below are not those of a mistake in a formula, as a rule."""


def table_lines(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """A row a quantity: verdict, first wrong element, expected, found."""
    rows = [("quantity", "verdict", "at", "expected", "found")]
    rows += [_row(each) for each in findings]
    if not any(each.verdict in ("wrong", "follows") for each in findings):
        rows = [(name, verdict, "", "", "") for name, verdict, *_ in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for name, verdict, place, expected, found in rows:
        yield (
            f"{name:{widths[0]}}   {verdict:{widths[1]}}   {place:{widths[2]}}   "
            f"{expected:>{widths[3]}}   {found:>{widths[4]}}"
        ).rstrip()
    titles = dict.fromkeys(_place(each) for each in findings if each.verdict == "wrong")
    if titles:
        text = f"The numbers shown come from {' and '.join(titles)}."
        yield from textwrap.wrap(text, width)


def _row(finding: Finding) -> tuple[str, str, str, str, str]:
    verdict = _WORDS[finding.verdict]
    if finding.verdict == "convention" and finding.ratio is not None:
        verdict = f"right, {phrases(finding.ratio)[0]}"
    if finding.verdict == "follows":
        verdict = f"follows from {finding.source}"
    if finding.verdict not in ("wrong", "follows"):
        return finding.name, verdict, "", "", ""
    place = f"[{', '.join(map(str, finding.index))}]" if finding.index else ""
    expected, found = number(finding.expected, DIGITS), number(finding.found, DIGITS)
    return finding.name, verdict, "" if finding.name == "loss" else place, expected, found


def _place(finding: Finding) -> str:
    if finding.trial is None:
        return "the first network"
    case, call = finding.trial.case, finding.call
    if case.own:
        return f"{case.title}, step {call}"
    return f"{case.title}{f', call {call + 1}' if call else ''}"


def phrases(ratio: Ratio) -> list[str]:
    """What a constant ratio makes of the right numbers, in all the ways to read it."""
    return [_phrase(each) for each in ratio.meanings] or [f"times {number(ratio.value)}"]


def _phrase(meaning: str) -> str:
    base, both, other = meaning.partition(" and ")
    if both:
        return f"{_phrase(other)} and {_phrase(base)}"
    known = {
        "twice": "times 2",
        "half": "divided by 2",
        "the opposite sign": "with the opposite sign",
    }
    if meaning.startswith("1/"):
        return f"divided by {meaning.removeprefix('1/')}"
    return known.get(meaning, f"times {meaning}")


def ratio_text(finding: Finding) -> str:
    """``every number is the correct one times 2``; "" where there is no constant ratio."""
    ratio = finding.ratio
    if ratio is None:
        return ""
    if finding.name == "loss":  # no learning rate is ever in a loss
        kept = tuple(each for each in ratio.meanings if "learning rate" not in each)
        return f"it is the correct one {' or '.join(phrases(Ratio(ratio.value, kept)))}"
    what = "change" if finding.name.startswith(("W", "b")) else "number"
    return f"every {what} is the correct one {' or '.join(phrases(ratio))}"


def ratio_lines(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """Constant ratios, those with the same meaning together, and what else is striking."""
    groups: dict[str, list[str]] = {}
    for each in findings:
        if each.verdict in ("wrong", "follows") and each.ratio is not None:
            groups.setdefault(ratio_text(each), []).append(each.name)
        elif each.verdict == "wrong" and not isfinite(each.found):
            groups.setdefault("it has numbers that are not finite", []).append(each.name)
        elif each.verdict == "wrong" and each.notice:
            groups.setdefault(each.notice, []).append(each.name)
        elif each.verdict == "convention":
            text = "a constant factor away from bptui's, which is fine: what follows is right"
            groups.setdefault(text, []).append(each.name)
    for text, names in groups.items():
        if len(names) > 1:
            text = plural(text)
        line = f"{', '.join(names)}: {text}."
        yield from textwrap.wrap(line, width, subsequent_indent="  ")


def digits_right(findings: Sequence[Finding]) -> int:
    """To how many digits all that is wrong is right all the same; 0 for fewer than three."""
    wrong = [each.error for each in findings if each.verdict in ("wrong", "follows")]
    worst = max(wrong, default=1.0)
    return int(-log10(worst)) if 0.0 < worst < NEARLY else 0


def plural(text: str) -> str:
    """A notice about several quantities."""
    for one, each in (("it is", "each is"), ("it has", "each has"), ("its ", "their ")):
        text = text.replace(one, each, 1)
    return text
