"""Formulas in a line of text, for any sample and unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from bptui.core.derivation.expression import (
    Activated,
    Constant,
    Expression,
    Quantity,
    Total,
    rebuild,
)
from bptui.core.derivation.formulas import formula_of
from bptui.core.derivation.printer import Printer
from bptui.core.derivation.scope import Scope
from bptui.core.derivation.symbols import Symbols
from bptui.core.experiment import Experiment
from bptui.core.graph.node import SAMPLES, leaf
from bptui.core.losses import TERMS


def loss_formula(experiment: Experiment) -> str:
    """Write the loss of a sample, in words and symbols."""
    shape = (1, experiment.network.layers[-1])
    terms = TERMS[experiment.training.loss](leaf("out", shape), leaf("t", shape))
    symbols = Symbols(experiment.network.names, ascii_only=True)
    return f"{plain(formula_of(terms), symbols)}, summed over the outputs"


def plain(
    formula: Expression, symbols: Symbols, names: Mapping[Expression, str] | None = None
) -> str:
    """Write a formula as text, for any sample and unit; ``names`` are what parts are called."""

    def spoken(part: Expression) -> Expression:
        if names and part in names:
            return Quantity(names[part])
        match part:
            case Quantity("input" | "target"):
                return Quantity("x" if part.name == "input" else "t")
            case Constant(_, _, code) if code == SAMPLES:
                return Quantity("n")
            case Activated(name, argument) if name.endswith("'"):
                return Quantity(f"f'({plain(argument, symbols)})")
            case Total(of):
                return Quantity(f"(sum over the units of {plain(of, symbols)})")
            case _:
                return rebuild(part, spoken)

    scope = Scope(defaultdict(lambda: np.zeros(())), {})
    return "".join(each.symbol for each in Printer(symbols, scope).tokens(spoken(formula)))
