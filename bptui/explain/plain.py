"""Formulas in a line of text, in words and ASCII."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLE_COUNT, leaf
from bptui.core.losses import TERMS
from bptui.core.network import Names
from bptui.explain.expression import Apply, Constant, Expression, Quantity, Scope, rebuild
from bptui.explain.formulas import formula_of
from bptui.explain.printer import Printer, symbols_of
from bptui.explain.symbols import Symbols

SYMBOLS = Symbols(Names((1, 1)), ascii_only=True)


def loss_formula(experiment: Experiment) -> str:
    """Write the loss of a sample, in words and symbols."""
    shape = (1, experiment.network.layers[-1])
    terms = TERMS[experiment.training.loss](leaf("out", shape), leaf("t", shape))
    return f"{plain_formula(formula_of(terms))}, summed over the outputs"


def plain_formula(formula: Expression) -> str:
    """Write a formula in ASCII; n counts samples."""

    def spoken(part: Expression) -> Expression:
        match part:
            case Constant(_, _, code) if code == SAMPLE_COUNT:
                return Quantity("n")
            case Apply("sum", (of,)):
                return Quantity(f"(sum over the units of {plain_formula(of)})")
            case _:
                return rebuild(part, spoken)

    scope = Scope(defaultdict(lambda: np.zeros(())), {})
    return symbols_of(Printer(SYMBOLS, scope).tokens(spoken(formula)))
