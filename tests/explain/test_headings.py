"""Rows and columns of matrices have their units' names; the selected ones are set off."""

import numpy as np
import pytest

from bptui.core.arrays import Array
from bptui.explain.explain import Explainer
from bptui.explain.expression import Apply, Quantity
from bptui.explain.headings import Headings
from bptui.explain.lines import matrix_block, plain
from bptui.explain.pieces import FORMS
from bptui.explain.printer import number
from bptui.explain.report import Report

from ..core.support import experiment
from .support import last

STEP = last(experiment((3, 2, 4), "tanh", samples=2))
EXPLAINER = Explainer(STEP)
W7 = frozenset({(1, 0), (2, 1)})
"""The ends of a weight from h1 to o2."""
HIDDEN, OUTPUTS, SAMPLES = ["h1", "h2"], ["o1", "o2", "o3", "o4"], ["s1", "s2"]


@pytest.mark.parametrize(
    ("name", "rows", "columns", "lit"),
    [
        ("W2", HIDDEN, OUTPUTS, {"h1", "o2"}),
        ("gW2", HIDDEN, OUTPUTS, {"h1", "o2"}),
        ("gW1", ["i1", "i2", "i3"], HIDDEN, {"h1"}),
        ("out_h", SAMPLES, HIDDEN, {"h1"}),
        ("dL/dout_o", SAMPLES, OUTPUTS, {"o2"}),
        ("target", SAMPLES, OUTPUTS, {"o2"}),
        ("gb2", [], OUTPUTS, {"o2"}),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_names_and_what_is_lit(
    name: str, rows: list[str], columns: list[str], lit: set[str], turned: bool
) -> None:
    array: Array = EXPLAINER.scope.array(name)
    node = Quantity(name)
    axes = Headings(EXPLAINER.symbols, W7).axes(node, array)
    wanted = np.array([[r in lit or c in lit for c in columns] for r in rows or [""]])
    if turned and rows:
        array, rows, columns, wanted = array.T, columns, rows, wanted.T
        axes = Headings(EXPLAINER.symbols, W7).axes(Apply("transpose", (node,)), array)
    block = matrix_block(array, 7, axes=axes)
    heading, *lines = block.lines
    assert plain(heading).split() == columns
    assert [plain(line).split()[0] for line in lines if rows] == [f"{row}:" for row in rows]
    spans = [span for line in block.lines for span in line]
    assert {span.text for span in spans if span.role == "lit" and span.text[0].isalpha()} == lit
    numbers = [number(float(each), 7) for each in np.atleast_2d(array)[wanted]]
    assert [s.text for s in spans if s.role == "lit" and not s.text[0].isalpha()] == numbers
    assert all(sum(len(span.text) for span in line) <= block.width for line in block.lines)


def test_numbers_of_the_selected_units_are_lit_in_every_form() -> None:
    report = Report(EXPLAINER.symbols, 90, headings=Headings(EXPLAINER.symbols, W7))
    lit = {
        form: {
            span.text.strip()
            for line in report.lines(EXPLAINER.explain("net_o"), form)
            for span in line
            if span.role == "lit"
        }
        for form in FORMS
    }
    assert {"net_o2", "out_h1", "w9", "b_o2"} <= lit["scalar"]
    assert not {"net_o1", "out_h2", "w7", "w10", "b_o1"} & lit["scalar"]
    assert {"h1", "o2"} <= lit["matrix"]
    assert lit["numpy"]
