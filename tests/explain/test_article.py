"""The gradients of the 2-2-2 network have the terms, the names and the values of the article."""

from __future__ import annotations

import pytest

from bptui.core.engine import Engine
from bptui.explain.explain import Explainer
from bptui.explain.lines import plain
from bptui.explain.report import Report
from bptui.presets import load

O1 = "(out_o1 - t1) · out_o1 · (1 - out_o1)"
O2 = "(out_o2 - t2) · out_o2 · (1 - out_o2)"
H1 = "out_h1 · (1 - out_h1)"
H2 = "out_h2 · (1 - out_h2)"

TRUE = {
    "w1": f"{O1} · w5 · {H1} · i1 + {O2} · w7 · {H1} · i1",
    "w2": f"{O1} · w5 · {H1} · i2 + {O2} · w7 · {H1} · i2",
    "w3": f"{O1} · w6 · {H2} · i1 + {O2} · w8 · {H2} · i1",
    "w4": f"{O1} · w6 · {H2} · i2 + {O2} · w8 · {H2} · i2",
    "w5": f"{O1} · out_h1",
    "w6": f"{O1} · out_h2",
    "w7": f"{O2} · out_h1",
    "w8": f"{O2} · out_h2",
}
LISTING_1 = {
    "w1": f"{O1} · w5 · {H1} · i1 + {O2} · w6 · {H1} · i1",
    "w2": f"{O1} · w5 · {H1} · i2 + {O2} · w6 · {H1} · i2",
    "w3": f"{O1} · w7 · {H2} · i1 + {O2} · w8 · {H2} · i1",
    "w4": f"{O1} · w7 · {H2} · i2 + {O2} · w8 · {H2} · i2",
}
A1, A2 = "(out_o1 - t1) · out_o1", "(out_o2 - t2) · out_o2"
LISTING_2 = {
    "w1": f"{A1} · w5 · {H1} · i1 + {A2} · w6 · {H2} · i1",
    "w2": f"{A1} · w5 · {H1} · i2 + {A2} · w6 · {H2} · i2",
    "w3": f"{A1} · w7 · {H1} · i1 + {A2} · w8 · {H2} · i1",
    "w4": f"{A1} · w7 · {H1} · i2 + {A2} · w8 · {H2} · i2",
}


def split(text: str, operator: str) -> list[str]:
    """The parts between the operators that stand outside parentheses, blanks taken out."""
    parts, depth = [""], 0
    for letter in text.replace(" ", ""):
        depth += (letter == "(") - (letter == ")")
        if letter == operator and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def terms(text: str) -> list[list[str]]:
    """The factors of each term, their order and that of the terms taken out."""
    return sorted(sorted(split(term, "·")) for term in split(text, "+"))


def explained(preset: str, weight: str, width: int = 200) -> list[str]:
    """The scalar form of a weight at step 0."""
    experiment = load(preset)
    explainer = Explainer(experiment)
    explanation = explainer.explain(Engine(experiment).record(), weight)
    report = Report(explainer.symbols, width)
    return [plain(line) for line in report.lines(explanation, "scalar")]


def symbols(lines: list[str], name: str) -> str:
    """What stands behind ``name =`` in symbols: up to the line of the numbers."""
    start = next(k for k, line in enumerate(lines) if line.startswith(f"{name} "))
    written = lines[start].split("=", 1)[1]
    for line in lines[start + 1 :]:
        if line.strip().startswith("="):
            break
        written += line
    return written


@pytest.mark.parametrize("width", [40, 76, 116, 200])
@pytest.mark.parametrize("weight", TRUE)
def test_true_gradients(weight: str, width: int) -> None:
    found = symbols(explained("article", weight, width), f"dL/d{weight}")
    assert terms(found) == terms(TRUE[weight])


@pytest.mark.parametrize(
    ("preset", "published"),
    [("article-listing-1", LISTING_1), ("article-listing-2", LISTING_2)],
)
@pytest.mark.parametrize("weight", TRUE)
def test_listings(preset: str, published: dict[str, str], weight: str) -> None:
    """The gradient as published, and beside it the true one where they differ."""
    lines, name = explained(preset, weight), f"dL/d{weight}"
    assert terms(symbols(lines, name)) == terms(published.get(weight, TRUE[weight]))
    assert ("as published" in lines[: lines.index("")]) == (weight in published)
    if weight in published:
        correct = lines[lines.index("correct") :]
        assert terms(symbols(correct, name)) == terms(TRUE[weight])
