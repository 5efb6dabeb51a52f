"""Numbers and names of the selected units are set off, in formulas and beside matrices."""

from bptui.explain.explain import Explainer
from bptui.explain.lines import Headings
from bptui.explain.pieces import FORMS
from bptui.explain.report import Report

from ..core.support import experiment
from .support import last

EXPLAINER = Explainer(last(experiment((3, 2, 4), "tanh", samples=2)))
W7 = frozenset({(1, 0), (2, 1)})
"""The ends of a weight from h1 to o2."""


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
