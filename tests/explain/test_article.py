"""The gradients of the 2-2-2 network have the terms, the names and the values of the article."""

from itertools import product

import pytest

from bptui.core.engine import Engine
from bptui.explain.explain import Explainer
from bptui.explain.lines import plain
from bptui.explain.report import Report
from bptui.presets.files import load

O1 = "(out_o1 - t1) · out_o1 · (1 - out_o1)"
O2 = "(out_o2 - t2) · out_o2 · (1 - out_o2)"
H1 = "out_h1 · (1 - out_h1)"
H2 = "out_h2 · (1 - out_h2)"

A1, A2 = "(out_o1 - t1) · out_o1", "(out_o2 - t2) · out_o2"
TRUE = {"w5": f"{O1} · out_h1", "w6": f"{O1} · out_h2", "w7": f"{O2} · out_h1"}
TRUE["w8"] = f"{O2} · out_h2"
LISTING_1, LISTING_2 = dict[str, str](), dict[str, str]()
for number, ((h, slope), i) in enumerate(product(((1, H1), (2, H2)), ("i1", "i2")), 1):
    TRUE[f"w{number}"] = f"{O1} · w{4 + h} · {slope} · {i} + {O2} · w{6 + h} · {slope} · {i}"
    first, second = f"w{3 + 2 * h}", f"w{4 + 2 * h}"
    LISTING_1[f"w{number}"] = f"{O1} · {first} · {slope} · {i} + {O2} · {second} · {slope} · {i}"
    LISTING_2[f"w{number}"] = f"{A1} · {first} · {H1} · {i} + {A2} · {second} · {H2} · {i}"


def factors(text: str) -> list[list[str]]:
    """The factors of each term, in any order, blanks taken out."""
    return [sorted(term.split("·")) for term in text.replace(" ", "").split("+")]


def explained(preset: str, weight: str) -> list[str]:
    """The scalar form of a weight at step 0."""
    experiment = load(preset)
    explainer = Explainer(Engine(experiment).record())
    explanation = explainer.explain(weight)
    report = Report(explainer.symbols, 76)
    lines = [plain(line) for line in report.lines(explanation, "scalar")]
    return lines[1 + next(k for k, line in enumerate(lines) if line.startswith("why: ")) :]


def symbols(lines: list[str], name: str) -> str:
    """What stands behind ``name =`` in symbols: up to the line of the numbers."""
    start = next(k for k, line in enumerate(lines) if line.startswith(f"{name} "))
    written = lines[start].split("=", 1)[1]
    for line in lines[start + 1 :]:
        if line.strip().startswith("="):
            break
        written += line
    return written


@pytest.mark.parametrize(
    ("preset", "published"),
    [("article", {}), ("article-listing-1", LISTING_1), ("article-listing-2", LISTING_2)],
)
@pytest.mark.parametrize("weight", TRUE)
def test_gradients(preset: str, published: dict[str, str], weight: str) -> None:
    """The gradient as published, and beside it the true one where they differ."""
    lines, name = explained(preset, weight), f"dL/d{weight}"
    assert factors(symbols(lines, name)) == factors(published.get(weight, TRUE[weight]))
    assert ("as published" in lines[: lines.index("")]) == (weight in published)
    if weight in published:
        correct = lines[lines.index("correct") :]
        assert factors(symbols(correct, name)) == factors(TRUE[weight])
