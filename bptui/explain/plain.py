"""Formulas in a line of text, for any sample and unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLES, leaf
from bptui.core.losses import TERMS
from bptui.core.network import Names
from bptui.explain.expression import Constant, Expression, Quantity, Total, rebuild
from bptui.explain.formulas import formula_of
from bptui.explain.printer import Printer
from bptui.explain.scope import Scope
from bptui.explain.symbols import Symbols

SYMBOLS = Symbols(Names((1, 1)), ascii_only=True)


def loss_formula(experiment: Experiment) -> str:
    """Write the loss of a sample, in words and symbols."""
    shape = (1, experiment.network.layers[-1])
    terms = TERMS[experiment.training.loss](leaf("out", shape), leaf("t", shape))
    return f"{plain(formula_of(terms))}, summed over the outputs"


def plain(formula: Expression, words: Mapping[Expression, str] | None = None) -> str:
    """Write a formula in ASCII; ``words`` are what parts of it are called, n counts samples."""

    def spoken(part: Expression) -> Expression:
        if words and part in words:
            return Quantity(words[part])
        match part:
            case Constant(_, _, code) if code == SAMPLES:
                return Quantity("n")
            case Total(of):
                return Quantity(f"(sum over the units of {plain(of)})")
            case _:
                return rebuild(part, spoken)

    scope = Scope(defaultdict(lambda: np.zeros(())), {})
    return "".join(each.symbol for each in Printer(SYMBOLS, scope).tokens(spoken(formula)))
