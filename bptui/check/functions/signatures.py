"""Which functions a file defines to be checked, and what they take."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

PARAMETER = re.compile(r"([wb])(?:eights?|ias|iases)?_?(\d+)", re.IGNORECASE)
"""What a function may call a parameter that it takes by itself."""
Takes: TypeAlias = Sequence[str | Sequence[str]]
"""The arguments of a function: x, t, parameters, those in a list together, and rate."""


class UncheckableError(Exception):
    """The file has nothing that can be checked; the message says why."""


@dataclass(frozen=True)
class Signature:
    """Parameters taken by position, the first ``required`` without default; perhaps a *args."""

    names: Sequence[str]
    required: int
    line: int
    variable: bool = False


def defined(tree: ast.Module) -> dict[str, Signature | None]:
    """Return the functions that a file defines by name; None for one that it imports."""
    found: dict[str, Signature | None] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            required = len(names) - len(node.args.defaults)
            several = node.args.vararg is not None
            found[node.name] = Signature(names, required, node.lineno, several)
        elif isinstance(node, ast.ImportFrom):
            found |= dict.fromkeys(alias.asname or alias.name for alias in node.names)
    return found


def taken(function: str, signature: Signature, experiment: Experiment) -> Takes:
    """Return what the arguments of a function are.

    Raises :class:`UncheckableError` where it takes neither number of arguments.
    """
    names, network = signature.names, experiment.network
    last = ["rate"] if function == "step" else []
    single = [PARAMETER.fullmatch(name) for name in names[2 : len(names) - len(last)]]
    parameters = [f"{'W' if one[1] in 'wW' else 'b'}{one[2]}" for one in single if one]
    layers = range(1, network.depth + 1)
    every = [name for layer in layers for name in network.parameters_of(layer)]
    if sorted(parameters) == sorted(every) and len(names) == 2 + len(every) + len(last):
        return ["x", "t", *parameters, *last]
    count, least = len(names), 3 + len(last)
    most = 99 if signature.variable else count
    can = [number for number in (0, 1) if signature.required <= least + number <= most]
    if not can:
        shown = ", ".join(["", *(["learning_rate"] if last else [])])
        raise UncheckableError(
            f"{function} takes {count} argument{'s' * (count != 1)} ({', '.join(names)}); expected "
            f"{function}(x, t, weights{shown}) or {function}(x, t, weights, biases{shown})"
        )
    bias = network.bias if len(can) == 2 else can == [1]
    return ["x", "t", *(tuple(f"{kind}{n}" for n in layers) for kind in "Wb"[: 1 + bias]), *last]
